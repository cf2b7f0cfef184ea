//! A run that this process holds.

use async_nats::HeaderMap;
use sba_service::{
    log::{AppendError, Loaded, ReadError},
    publish::PublishFailure,
    take_out::NotTakenOut,
    telemetry::trace,
};
use sba_subjects::{
    codec::CodecError,
    command::Command,
    envelope::Envelope,
    event::Event,
    id::{CommandId, RecordId, TenantKey},
    record::Record,
    run::Failure,
    state::{ApplyError, RunState, StepState},
};
use tokio::sync::mpsc;

use super::{Driver, roll::Passed};
use crate::domain::{Action, Agent, Input, Stamp, Turn, decide};

/// Why a run could not be driven to where it parks or ends.
#[derive(Debug, thiserror::Error)]
pub(super) enum Stop {
    /// Another process took it over.
    #[error("another process took the run over")]
    Fenced,
    /// This process does not hear its own heartbeat.
    #[error("this process is cut off")]
    CutOff,
    #[error(transparent)]
    Append(AppendError),
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error("an event cannot be said: {0}")]
    Unsayable(#[source] CodecError),
    #[error("an event cannot follow: {0}")]
    Undecidable(#[from] ApplyError),
    #[error("a job could not be queued: {0}")]
    Job(#[source] PublishFailure),
    #[error("a timer could not be set: {0}")]
    Timer(#[source] PublishFailure),
    #[error("a job could not be taken back: {0}")]
    TakeOut(#[source] NotTakenOut),
}

impl From<AppendError> for Stop {
    fn from(error: AppendError) -> Self {
        match error {
            AppendError::Fenced { .. } => Self::Fenced,
            error => Self::Append(error),
        }
    }
}

impl Stop {
    pub(super) fn code(&self) -> &'static str {
        match self {
            Self::Fenced => "run_taken_over",
            Self::CutOff => "cut_off",
            Self::Append(error) => error.code(),
            Self::Read(error) => error.code(),
            Self::Unsayable(_) => "event_unsayable",
            Self::Undecidable(_) => "event_misplaced",
            Self::Job(_) => "job_not_queued",
            Self::Timer(_) => "timer_not_set",
            Self::TakeOut(_) => "not_taken_back",
        }
    }

    /// Whether trying again cannot help. What a newer version wrote is left for one, however long it takes.
    pub(super) fn is_final(&self) -> bool {
        match self {
            Self::Read(error) => !matches!(error, ReadError::Unavailable(_)) && !error.is_from_the_future(),
            Self::Unsayable(_) | Self::Undecidable(_) => true,
            Self::Append(error) => matches!(error, AppendError::TooLarge { .. }),
            Self::Fenced | Self::CutOff | Self::Job(_) | Self::Timer(_) | Self::TakeOut(_) => false,
        }
    }
}

/// A held run: its state, the fence behind which its next record goes, and the commands that others pass on.
pub(super) struct Held<'d> {
    pub(super) driver: &'d Driver,
    pub(super) tenant: TenantKey,
    pub(super) state: RunState,
    pub(super) fence: u64,
    /// The record at the fence.
    record: Option<RecordId>,
    pub(super) agent: Agent,
    pub(super) mailbox: &'d mut mpsc::Receiver<Passed>,
    /// Whether this process has said that it drives the run.
    holding: bool,
    /// The run's first event, until it is stored.
    promised: Option<Box<Envelope>>,
    /// The `seq` up to which a snapshot was kept.
    pub(super) kept: u64,
    /// Bytes of the run's events, as far as they were read or written since the snapshot.
    bytes: usize,
}

impl<'d> Held<'d> {
    pub(super) fn new(
        driver: &'d Driver,
        tenant: TenantKey,
        loaded: Loaded,
        mailbox: &'d mut mpsc::Receiver<Passed>,
    ) -> Self {
        let agent = driver.settings.build(&loaded.state);
        let Loaded { state, fence, record, promised, kept, bytes } = loaded;
        Self { driver, tenant, state, fence, record, agent, mailbox, holding: false, promised, kept, bytes }
    }

    /// The run as it is left; `None` when it has ended.
    pub(super) fn leave(self) -> Option<Loaded> {
        let Self { state, fence, record, promised, kept, bytes, .. } = self;
        (!state.status.is_terminal()).then_some(Loaded { state, fence, record, promised, kept, bytes })
    }

    /// Does what was decided, and goes on until the run parks or ends.
    pub(super) async fn drive(&mut self, mut actions: Vec<Action>) -> Result<(), Stop> {
        loop {
            if actions.contains(&Action::Fork) {
                let steps = self.steps_to_take_over().await?;
                actions = self.tell(Input::Forked(steps), None).await?;
                continue;
            }
            let (model, kept) = tokio::join!(self.perform(&actions), self.keep_now_and_then());
            self.kept = kept;
            let model = model?;
            actions = match model {
                Some(step) => self.write(step).await?,
                None => match self.mailbox.try_recv() {
                    Ok(passed) => self.obey_passed(passed).await?,
                    Err(_) => return Ok(()),
                },
            };
        }
    }

    /// Decides on a command and stores what follows.
    pub(super) async fn obey(&mut self, command: Command) -> Result<Vec<Action>, Stop> {
        let cause = command.id;
        self.tell(Input::Command(Box::new(command)), Some(cause)).await
    }

    /// The same for a command that somebody passed on, and waits for.
    pub(super) async fn obey_passed(&mut self, passed: Passed) -> Result<Vec<Action>, Stop> {
        let actions = self.obey(passed.command).await?;
        // Who passed it on may have given up waiting.
        let _ = passed.stored.send(());
        Ok(actions)
    }

    /// Ends a run that can never go on, and says why.
    pub(super) async fn give_up(&mut self, stop: &Stop) -> Result<(), Stop> {
        tracing::error!(error = %stop, code = stop.code(), "the run cannot go on");
        let failure = Failure::new(stop.code(), stop.to_string());
        let actions = self.tell(Input::Unanswered(failure), None).await?;
        self.perform(&actions).await.map(drop)
    }

    /// Decides on an input and stores what follows.
    pub(super) async fn tell(&mut self, input: Input, cause: Option<CommandId>) -> Result<Vec<Action>, Stop> {
        let mut decision = decide(self.state.clone(), &self.agent, self.stamp(cause), input, self.holding)?;
        if let Some(first) = self.promised.take() {
            decision.turn.events.insert(0, *first);
        }
        let stored = append(self.driver, &self.tenant, &decision.turn, self.fence).await?;
        self.stored(stored);
        self.report(&decision.turn);
        self.state = decision.turn.state;
        self.holding = self.state.owner() == Some(self.driver.instance);
        Ok(decision.actions)
    }

    pub(super) fn stamp(&self, cause: Option<CommandId>) -> Stamp {
        Stamp { instance: self.driver.instance, now: self.driver.clock.now_millis(), cause }
    }

    /// Counts what is now true.
    fn report(&self, turn: &Turn) {
        let metrics = &self.driver.metrics;
        for event in &turn.events {
            match &event.payload {
                Event::StepFinished(finished) => {
                    if let Some(usage) = finished.usage {
                        metrics.llm_tokens(&turn.state.tenant_id.to_string(), usage.tokens());
                    }
                }
                Event::Done(done) => {
                    let lasted = event.ts.saturating_sub(turn.state.created_at);
                    metrics.run_ended(std::time::Duration::from_millis(lasted));
                    let failed = done.error.as_ref().map(|error| error.code.as_str());
                    tracing::info!(status = %done.status, code = failed, lasted_ms = lasted, "the run ended");
                }
                _ => {}
            }
        }
    }

    /// Takes note of a record that was stored.
    pub(super) fn stored(&mut self, appended: Option<Appended>) {
        let Some(Appended { fence, record, bytes }) = appended else { return };
        self.fence = fence;
        self.record = Some(record);
        self.bytes = self.bytes.saturating_add(bytes);
    }

    /// Keeps a snapshot where much was said since the last, so that whoever loads the run need not read all of it.
    /// Answers up to which `seq` one is kept.
    pub(super) async fn keep_now_and_then(&self) -> u64 {
        if self.state.seq < self.kept.saturating_add(self.driver.limits.snapshot_every) {
            return self.kept;
        }
        // Without a snapshot the next reader reads a longer tail, so a failure is only noted.
        if let Err(error) = self.driver.log.keep_snapshot(&self.tenant, &self.state, self.fence, self.record).await {
            tracing::warn!(%error, "the snapshot of the run was not kept");
        }
        self.state.seq
    }

    /// The steps of the run that this one branches off from, as far as they are taken over.
    async fn steps_to_take_over(&self) -> Result<Option<Vec<StepState>>, Stop> {
        let Some(fork) = self.state.fork_of else { return Ok(None) };
        let source = self.driver.log.load(&self.tenant, fork.run).await?.map(|loaded| loaded.state);
        let most = usize::try_from(fork.step).unwrap_or(usize::MAX);
        Ok(source.filter(|source| source.steps.len() >= most).map(|mut source| {
            source.steps.truncate(most);
            source.steps
        }))
    }
}

/// A record that was stored.
pub(super) struct Appended {
    /// Where it stands: the next fence.
    fence: u64,
    record: RecordId,
    bytes: usize,
}

/// Appends the events of a turn as one record; none where there are none.
pub(super) async fn append(
    driver: &Driver,
    tenant: &TenantKey,
    turn: &Turn,
    fence: u64,
) -> Result<Option<Appended>, Stop> {
    let record = Record::of(driver.ids.make(), &turn.events).map_err(Stop::Unsayable)?;
    let Some(record) = record else { return Ok(None) };
    let mut headers = HeaderMap::new();
    trace::inject(&mut headers);
    let fence = driver.log.append(tenant, turn.state.run, &record, fence, &headers, driver.limits.append).await?;
    Ok(Some(Appended { fence, record: record.head.id, bytes: record.body.len() }))
}
