//! How one event changes a run.

use std::collections::VecDeque;

use serde_json::Value;

use super::{AskState, CallState, CancelState, REMEMBERED, RunState, StepState};
use crate::{
    envelope::Envelope,
    event::{
        Attempt, Created, Done, Event, InputRequest, InputResult, Status, StepFinished, StepStarted, Token,
        ToolRequest, ToolResult,
    },
    id::CommandId,
    run::{RunStatus, StepKind, StepStatus, Usage},
};

/// An event that cannot follow what was folded before it: the log was read wrongly, or written by no orchestrator.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ApplyError {
    /// Events are missing, or this one was folded in before.
    #[error("event {found} follows event {after}")]
    OutOfOrder {
        /// The last event folded in; 0 for none.
        after: u64,
        /// The event at hand.
        found: u64,
    },
    /// The first event is not `created`, or a later one is.
    #[error("`{0}` cannot stand there")]
    Misplaced(&'static str),
    /// An event names a step that is not under way.
    #[error("`{kind}` names step {step:?}, which is not under way")]
    NoSuchStep {
        /// The type of the event.
        kind: &'static str,
        /// The step it names.
        step: Option<u32>,
    },
    /// An event follows the end.
    #[error("`{0}` follows the end of the run")]
    AfterTheEnd(&'static str),
}

impl RunState {
    /// The state after the first event of a log.
    ///
    /// # Errors
    /// When the event is not `created` with `seq` 1.
    pub fn begin(first: &Envelope) -> Result<Self, ApplyError> {
        if first.seq != 1 {
            return Err(ApplyError::OutOfOrder { after: 0, found: first.seq });
        }
        match &first.payload {
            Event::Created(created) => Ok(Self::created(first, created.clone())),
            other => Err(ApplyError::Misplaced(other.kind())),
        }
    }

    /// Folds events onto a state, or onto nothing for the start of a log.
    ///
    /// # Errors
    /// Those of [`begin`](Self::begin) and [`apply`](Self::apply).
    pub fn fold(state: Option<Self>, events: &[Envelope]) -> Result<Option<Self>, ApplyError> {
        let (mut state, rest) = match (state, events.split_first()) {
            (Some(state), _) => (state, events),
            (None, Some((first, rest))) => (Self::begin(first)?, rest),
            (None, None) => return Ok(None),
        };
        for event in rest {
            state.apply(event)?;
        }
        Ok(Some(state))
    }

    /// Folds the next event in.
    ///
    /// # Errors
    /// [`ApplyError`]; the state is then as it was before.
    pub fn apply(&mut self, event: &Envelope) -> Result<(), ApplyError> {
        let kind = event.payload.kind();
        if event.seq != self.seq + 1 {
            return Err(ApplyError::OutOfOrder { after: self.seq, found: event.seq });
        }
        if self.status.is_terminal() {
            return Err(ApplyError::AfterTheEnd(kind));
        }
        match &event.payload {
            Event::Created(_) => return Err(ApplyError::Misplaced(kind)),
            Event::Attempt(attempt) => self.attempted(event, attempt),
            Event::Status(status) => self.status_changed(event.ts, status),
            Event::StepStarted(started) => self.step_started(event, started)?,
            Event::Token(token) => self.running(event)?.said(token),
            Event::ToolRequest(request) => self.running(event)?.requested(event.ts, request),
            Event::ToolResult(result) => self.running(event)?.answered(kind, event.step, result)?,
            Event::InputRequest(request) => self.running(event)?.asked(event.ts, request),
            Event::InputResult(result) => self.running(event)?.told(kind, event.step, result)?,
            Event::StepFinished(finished) => self.step_finished(event, finished)?,
            Event::Artifact(artifact) => self.artifacts.push(artifact.clone()),
            Event::Error(_) => self.troubled(event),
            Event::Refused(_) => self.refused = self.refused.saturating_add(1),
            Event::Stalled(_) => {}
            Event::Done(done) => self.done(event.ts, done),
        }
        self.judge(&event.payload);
        self.seq = event.seq;
        self.updated_at = event.ts;
        if let Some(cause) = event.cause {
            self.remember(cause);
        }
        Ok(())
    }

    /// Counts what comes to nothing. A run that is only taken up again has come no further; nor has one whose model
    /// speaks, for what it says is void when its process is lost.
    fn judge(&mut self, event: &Event) {
        match event {
            Event::Token(_) | Event::Refused(_) => {}
            Event::Attempt(_) => self.lost_attempts = self.lost_attempts.saturating_add(1),
            Event::Status(status) if status.status == RunStatus::Running => {}
            Event::Stalled(_) => self.stalls = self.stalls.saturating_add(1),
            // Not further, but told in good order.
            Event::Created(_) | Event::Status(_) | Event::Error(_) => self.lost_attempts = 0,
            Event::StepStarted(_)
            | Event::StepFinished(_)
            | Event::ToolRequest(_)
            | Event::ToolResult(_)
            | Event::InputRequest(_)
            | Event::InputResult(_)
            | Event::Artifact(_)
            | Event::Done(_) => (self.stalls, self.lost_attempts) = (0, 0),
        }
    }

    fn remember(&mut self, command: CommandId) {
        if self.commands.contains(&command) {
            return;
        }
        if self.commands.len() == REMEMBERED {
            self.commands.pop_front();
        }
        self.commands.push_back(command);
    }

    fn created(event: &Envelope, created: Created) -> Self {
        Self {
            run: event.run,
            tenant_id: created.tenant_id,
            user_id: created.user_id,
            session_id: created.session_id,
            workflow: created.workflow,
            prompt: created.prompt,
            options: created.options,
            request_hash: created.request_hash,
            roles: created.roles,
            settings: created.settings,
            call: created.call,
            fork_of: created.fork_of,
            status: RunStatus::Created,
            status_since: event.ts,
            paused_until: None,
            status_reason: None,
            waited_ms: 0,
            attempt: 0,
            instance: None,
            seq: event.seq,
            created_at: event.ts,
            started_at: None,
            updated_at: event.ts,
            ended_at: None,
            steps: Vec::new(),
            artifacts: Vec::new(),
            usage: Usage::default(),
            error: None,
            cancel: None,
            // The start of a run is told apart by its state: it has no steps yet.
            commands: VecDeque::new(),
            refused: 0,
            stalls: 0,
            lost_attempts: 0,
        }
    }

    fn status_changed(&mut self, ts: u64, status: &Status) {
        if matches!(self.status, RunStatus::WaitingInput | RunStatus::Paused) {
            self.waited_ms = self.waited_ms.saturating_add(ts.saturating_sub(self.status_since));
        }
        self.status = status.status;
        self.status_since = ts;
        self.paused_until = status.until;
        self.status_reason.clone_from(&status.reason);
        if status.until.is_some()
            && let Some(step) = self.steps.last_mut().filter(|step| step.is_running() && step.kind == StepKind::Model)
        {
            step.waits_since.get_or_insert(ts);
        }
        if status.status == RunStatus::Cancelling {
            let reason = status.reason.clone().unwrap_or_default();
            self.cancel.get_or_insert(CancelState { reason, at: ts });
        }
    }

    fn attempted(&mut self, event: &Envelope, attempt: &Attempt) {
        self.attempt = event.attempt;
        self.instance = Some(attempt.instance);
        self.started_at.get_or_insert(event.ts);
        let restarted = self.steps.last_mut().filter(|step| Some(step.number) == attempt.restarts_step);
        if let Some(step) = restarted {
            step.text.clear();
            step.tokens = 0;
            step.attempt = event.attempt;
        }
    }

    fn step_started(&mut self, event: &Envelope, started: &StepStarted) -> Result<(), ApplyError> {
        let number = self.steps.last().map_or(1, |step| step.number + 1);
        // A call of the model is alone: whoever takes the run over voids its text. Other steps go side by side.
        let alone = started.kind == StepKind::Model && self.running_steps().next().is_some();
        if event.step != Some(number) || alone || self.model_step().is_some() {
            return Err(ApplyError::NoSuchStep { kind: event.payload.kind(), step: event.step });
        }
        self.steps.push(StepState {
            number,
            kind: started.kind,
            name: started.name.clone(),
            status: StepStatus::Running,
            attempt: event.attempt,
            input: started.input.clone(),
            output: Value::Null,
            text: String::new(),
            tokens: 0,
            call: None,
            ask: None,
            usage: None,
            errors: 0,
            waits_since: None,
            error: None,
            started_at: event.ts,
            ended_at: None,
        });
        Ok(())
    }

    /// The step that an event names: it must be under way.
    fn running(&mut self, event: &Envelope) -> Result<&mut StepState, ApplyError> {
        let index = event.step.and_then(|number| usize::try_from(number).ok()?.checked_sub(1));
        index
            .and_then(|index| self.steps.get_mut(index))
            .filter(|step| step.status == StepStatus::Running)
            .ok_or_else(|| ApplyError::NoSuchStep { kind: event.payload.kind(), step: event.step })
    }

    fn step_finished(&mut self, event: &Envelope, finished: &StepFinished) -> Result<(), ApplyError> {
        let step = self.running(event)?;
        step.status = finished.status;
        step.output = finished.output.clone();
        step.usage = finished.usage;
        step.error = finished.error.clone();
        step.ended_at = Some(event.ts);
        self.usage += finished.usage.unwrap_or_default();
        Ok(())
    }

    fn troubled(&mut self, event: &Envelope) {
        if let Ok(step) = self.running(event) {
            step.errors = step.errors.saturating_add(1);
        }
    }

    fn done(&mut self, ts: u64, done: &Done) {
        self.status = done.status;
        self.error = done.error.clone();
        self.ended_at = Some(ts);
    }
}

impl StepState {
    fn said(&mut self, token: &Token) {
        self.waits_since = None;
        self.text.push_str(&token.text);
        self.tokens += token.count;
    }

    fn requested(&mut self, ts: u64, request: &ToolRequest) {
        self.call = Some(CallState { request: request.clone(), requested_at: ts, result: None });
    }

    fn answered(&mut self, kind: &'static str, step: Option<u32>, result: &ToolResult) -> Result<(), ApplyError> {
        match &mut self.call {
            Some(call) if call.request.call_id == result.call_id => {
                call.result = Some(result.clone());
                Ok(())
            }
            _ => Err(ApplyError::NoSuchStep { kind, step }),
        }
    }

    fn asked(&mut self, ts: u64, request: &InputRequest) {
        self.ask = Some(AskState { request: request.clone(), requested_at: ts, result: None });
    }

    fn told(&mut self, kind: &'static str, step: Option<u32>, result: &InputResult) -> Result<(), ApplyError> {
        match &mut self.ask {
            Some(ask) if ask.request.ask_id == result.ask_id => {
                ask.result = Some(result.clone());
                Ok(())
            }
            _ => Err(ApplyError::NoSuchStep { kind, step }),
        }
    }
}
