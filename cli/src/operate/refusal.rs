//! Why a command of an operator is not done.

use sba_subjects::id::RunId;

/// What stands against what was asked. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// It was not said what is meant, or said in two ways.
    #[error("say which are meant: by name, by a filter, or with --all")]
    Unselected,
    /// Nobody said yes, and nobody can be asked.
    #[error("nothing was done: say yes with --yes")]
    Unconfirmed,
    /// No log has the run, or it is another tenant's.
    #[error("there is no log of run {0}; one that was removed is found in Postgres with --tenant")]
    UnknownRun(RunId),
    /// The run's log was removed.
    #[error("the log of run {0} was removed: only its end is known")]
    NoLog(RunId),
    /// The run has no such event.
    #[error("there is no event {seq}: the last one is {last}")]
    UnknownEvent {
        /// The event that was named.
        seq: u64,
        /// The last one.
        last: u64,
    },
    /// There is no Postgres in the configuration.
    #[error("database.url is not set")]
    NoDatabase,
    /// The run has ended.
    #[error("run {0} has ended")]
    Finished(RunId),
}

impl Refusal {
    /// A stable name for the kind of refusal.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Unselected => "selection_missing",
            Self::Unconfirmed => "confirmation_missing",
            Self::UnknownRun(_) => "run_unknown",
            Self::NoLog(_) => "log_gone",
            Self::UnknownEvent { .. } => "event_unknown",
            Self::NoDatabase => "config_invalid",
            Self::Finished(_) => "run_finished",
        }
    }
}
