//! How one event changes a run.

use serde_json::Value;

use super::{CallState, RunState, StepState};
use crate::{
    envelope::Envelope,
    event::{Attempt, Created, Done, Event, StepFinished, StepStarted, Token, ToolRequest, ToolResult},
    run::{RunStatus, StepStatus, Usage},
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
            Event::Status(status) => self.status = status.status,
            Event::StepStarted(started) => self.step_started(event, started)?,
            Event::Token(token) => self.step(event)?.said(token),
            Event::ToolRequest(request) => self.step(event)?.requested(event.ts, request),
            Event::ToolResult(result) => self.step(event)?.answered(kind, event.step, result)?,
            Event::StepFinished(finished) => self.step_finished(event, finished)?,
            Event::Artifact(artifact) => self.artifacts.push(artifact.clone()),
            Event::Error(_) => {}
            Event::Done(done) => self.done(event.ts, done),
        }
        self.seq = event.seq;
        self.updated_at = event.ts;
        Ok(())
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
            status: RunStatus::Created,
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
        if event.step != Some(number) || self.running_step().is_some() {
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
            usage: None,
            error: None,
            started_at: event.ts,
            ended_at: None,
        });
        Ok(())
    }

    /// The step that an event names: it must be the one under way.
    fn step(&mut self, event: &Envelope) -> Result<&mut StepState, ApplyError> {
        self.steps
            .last_mut()
            .filter(|step| Some(step.number) == event.step && step.status == StepStatus::Running)
            .ok_or_else(|| ApplyError::NoSuchStep { kind: event.payload.kind(), step: event.step })
    }

    fn step_finished(&mut self, event: &Envelope, finished: &StepFinished) -> Result<(), ApplyError> {
        let step = self.step(event)?;
        step.status = finished.status;
        step.output = finished.output.clone();
        step.usage = finished.usage;
        step.error = finished.error.clone();
        step.ended_at = Some(event.ts);
        self.usage += finished.usage.unwrap_or_default();
        Ok(())
    }

    fn done(&mut self, ts: u64, done: &Done) {
        self.status = done.status;
        self.error = done.error.clone();
        self.ended_at = Some(ts);
    }
}

impl StepState {
    fn said(&mut self, token: &Token) {
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
}
