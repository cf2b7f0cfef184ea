//! Runs, as projected from their logs.
//!
//! Writers take batches. They may be given the same events twice, or older ones after newer ones: each row
//! knows the last event that it reflects, and only a later one changes it.

mod log;
mod read;
mod write;

use sba_subjects::{
    id::{RunId, SessionId, UserId},
    run::{Failure, RunStatus, Usage},
};
use serde_json::Value;
use time::OffsetDateTime;

pub use log::{expired, log_removed};
pub use read::{Filter, get, list};
pub use write::{forget, write};

/// A run's first event.
#[derive(Debug, Clone, PartialEq)]
pub struct NewRun {
    /// The run.
    pub id: RunId,
    /// The event's number in the run's log.
    pub seq: u64,
    /// When it was accepted.
    pub at: OffsetDateTime,
    /// Who asked.
    pub user_id: UserId,
    /// The session it belongs to.
    pub session_id: Option<SessionId>,
    /// The plan it follows.
    pub workflow: String,
    /// What is asked.
    pub prompt: String,
    /// The whole request, a JSON value.
    pub request: Value,
}

/// What a later event says about a run. What it leaves open stays as it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunUpdate {
    /// The run.
    pub id: RunId,
    /// The event's number in the run's log.
    pub seq: u64,
    /// When it happened.
    pub at: OffsetDateTime,
    /// The attempt that it belongs to.
    pub attempt: Option<u32>,
    /// The new status.
    pub status: Option<RunStatus>,
    /// Tokens of all its model calls so far.
    pub usage: Option<Usage>,
    /// What went wrong. Forgotten when the run completes all the same.
    pub error: Option<Failure>,
}

impl RunUpdate {
    /// An event that says nothing yet.
    #[must_use]
    pub const fn new(id: RunId, seq: u64, at: OffsetDateTime) -> Self {
        Self { id, seq, at, attempt: None, status: None, usage: None, error: None }
    }
}

/// A run as it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    /// Its id.
    pub id: RunId,
    /// Who asked.
    pub user_id: Option<UserId>,
    /// The session it belongs to.
    pub session_id: Option<SessionId>,
    /// The plan it follows.
    pub workflow: String,
    /// Where it stands.
    pub status: RunStatus,
    /// What is asked.
    pub prompt: String,
    /// The whole request, a JSON value.
    pub request: Value,
    /// Why it failed.
    pub error: Option<Failure>,
    /// Tokens of all its model calls.
    pub usage: Usage,
    /// How often a process took it.
    pub attempt: u32,
    /// The last event that this reflects.
    pub seq: u64,
    /// When it was accepted.
    pub created_at: OffsetDateTime,
    /// When the last event happened that this reflects.
    pub updated_at: OffsetDateTime,
    /// When work on it began.
    pub started_at: Option<OffsetDateTime>,
    /// When it ended.
    pub ended_at: Option<OffsetDateTime>,
}
