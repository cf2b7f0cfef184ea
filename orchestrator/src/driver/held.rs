//! A run that this process holds.

use async_nats::HeaderMap;
use sba_service::{
    log::{AppendError, Loaded, ReadError},
    telemetry::trace,
};
use sba_subjects::{
    codec::CodecError,
    command::Command,
    event::Event,
    id::{CommandId, TenantKey},
    record::Record,
    run::RunStatus,
    state::{ApplyError, RunState},
};

use super::Driver;
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
    Job(String),
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
    pub(super) const fn code(&self) -> &'static str {
        match self {
            Self::Fenced => "run_taken_over",
            Self::CutOff => "cut_off",
            Self::Append(error) => error.code(),
            Self::Read(_) => "log_unreadable",
            Self::Unsayable(_) => "event_unsayable",
            Self::Undecidable(_) => "event_misplaced",
            Self::Job(_) => "job_not_queued",
        }
    }

    /// Whether trying again cannot help. What a newer version wrote is left for one, however long it takes.
    pub(super) fn is_final(&self) -> bool {
        match self {
            Self::Read(error) => !matches!(error, ReadError::Unavailable(_)) && !error.is_from_the_future(),
            Self::Unsayable(_) | Self::Undecidable(_) => true,
            Self::Append(error) => matches!(error, AppendError::TooLarge { .. }),
            Self::Fenced | Self::CutOff | Self::Job(_) => false,
        }
    }
}

/// A held run: its state, and the fence behind which its next record goes.
pub(super) struct Held<'d> {
    pub(super) driver: &'d Driver,
    pub(super) tenant: TenantKey,
    pub(super) state: RunState,
    pub(super) fence: u64,
    pub(super) agent: Agent,
}

impl<'d> Held<'d> {
    pub(super) fn new(driver: &'d Driver, tenant: TenantKey, loaded: Loaded) -> Self {
        let agent = driver.settings.build(&loaded.state);
        Self { driver, tenant, state: loaded.state, fence: loaded.fence, agent }
    }

    /// Does what a command asks, and goes on until the run parks or ends.
    pub(super) async fn drive(&mut self, command: Command) -> Result<(), Stop> {
        let cause = command.id;
        let mut action = self.tell(Input::Command(command), Some(cause), false).await?;
        loop {
            action = match action {
                Action::CallModel(step) => self.write(step).await?,
                Action::CallTool(step) => {
                    let (queued, ()) = tokio::join!(self.call(step), self.keep());
                    return queued;
                }
                Action::End => {
                    self.keep().await;
                    return Ok(());
                }
                Action::Nothing => return Ok(()),
            }
        }
    }

    /// Decides on an input and stores what follows.
    pub(super) async fn tell(&mut self, input: Input, cause: Option<CommandId>, holding: bool) -> Result<Action, Stop> {
        let decision = decide(self.state.clone(), &self.agent, self.stamp(cause), input, holding)?;
        self.store(decision.turn).await?;
        Ok(decision.action)
    }

    pub(super) fn stamp(&self, cause: Option<CommandId>) -> Stamp {
        Stamp { instance: self.driver.instance, now: self.driver.clock.now_millis(), cause }
    }

    /// Stores a turn: its events are true from here on, or not at all.
    pub(super) async fn store(&mut self, turn: Turn) -> Result<(), Stop> {
        self.fence = append(self.driver, &self.tenant, &turn, self.fence).await?;
        self.report(&turn);
        self.state = turn.state;
        Ok(())
    }

    /// Counts what is now true.
    fn report(&self, turn: &Turn) {
        let metrics = &self.driver.metrics;
        for event in &turn.events {
            match &event.payload {
                Event::StepFinished(finished) => {
                    if let Some(usage) = finished.usage {
                        let tenant = turn.state.tenant_id.to_string();
                        metrics.llm_tokens(&tenant, usage.input_tokens + usage.output_tokens);
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

    /// Keeps a snapshot. Without one the next reader reads a longer tail, so a failure is only noted.
    pub(super) async fn keep(&self) {
        debug_assert!(self.state.status != RunStatus::Created, "a snapshot follows a decision");
        if let Err(error) = self.driver.log.keep_snapshot(&self.tenant, &self.state, self.fence).await {
            tracing::warn!(%error, "the snapshot of the run was not kept");
        }
    }
}

/// Appends the events of a turn as one record; returns the next fence.
pub(super) async fn append(driver: &Driver, tenant: &TenantKey, turn: &Turn, fence: u64) -> Result<u64, Stop> {
    let record = Record::of(driver.ids.make(), &turn.events).map_err(Stop::Unsayable)?;
    let Some(record) = record else { return Ok(fence) };
    let mut headers = HeaderMap::new();
    trace::inject(&mut headers);
    Ok(driver.log.append(tenant, turn.state.run, &record, fence, &headers, driver.limits.append).await?)
}
