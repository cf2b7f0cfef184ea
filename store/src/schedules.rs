//! Schedules: what starts runs by the clock. A row is the truth about one; a message in JetStream only wakes whoever
//! sees to it, and finds out here what is to be done.

mod due;
mod read;
mod timing;
mod write;

use std::{fmt, str::FromStr};

use sba_subjects::{
    id::{InvalidId, RunId, ScheduleId, UserId},
    run::Failure,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use time::OffsetDateTime;

pub use due::{Due, Moment};
pub use read::{get, list, lock, overdue, room};
pub use timing::{Timing, TimingError};
pub use write::{create, delete, pause, resume, settle};

/// A schedule as it is handed in.
#[derive(Debug, Clone, PartialEq)]
pub struct NewSchedule {
    /// Its id.
    pub id: ScheduleId,
    /// What people call it, at most 200 characters.
    pub name: String,
    /// When its moments are.
    pub timing: Timing,
    /// What becomes of moments that were missed.
    pub missed: Missed,
    /// The first event of each of its runs, but for the tenant's settings, which are those of the moment.
    pub request: Value,
    /// Who makes it.
    pub created_by: UserId,
    /// Its first moment.
    pub next_at: OffsetDateTime,
}

/// A stored schedule.
#[derive(Debug, Clone, PartialEq)]
pub struct Schedule {
    /// Its id.
    pub id: ScheduleId,
    /// What people call it.
    pub name: String,
    /// Where it stands.
    pub status: ScheduleStatus,
    /// When its moments are.
    pub timing: Timing,
    /// What becomes of moments that were missed.
    pub missed: Missed,
    /// The first event of each of its runs, but for the tenant's settings.
    pub request: Value,
    /// Who made it, and on whose behalf its runs act.
    pub created_by: UserId,
    /// Its next moment; none unless it is active.
    pub next_at: Option<OffsetDateTime>,
    /// What became of the last moment that was seen to.
    pub last: Option<Firing>,
    /// When it was made.
    pub created_at: OffsetDateTime,
    /// When it was last changed, by a person or by the clock.
    pub updated_at: OffsetDateTime,
}

/// What became of a moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Firing {
    /// The moment.
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
    /// When it was seen to.
    #[serde(with = "time::serde::rfc3339")]
    pub seen_at: OffsetDateTime,
    /// What became of it.
    pub outcome: Outcome,
    /// The run that was started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run_id: Option<RunId>,
    /// Why none was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Failure>,
}

/// What became of a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// A run was started.
    Started,
    /// It was missed, and is not made up for.
    Skipped,
    /// No run could be started.
    Failed,
}

/// What becomes of moments at which nothing could be started, because SBA was down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Missed {
    /// They are passed over.
    Skip,
    /// One run makes up for all of them.
    Once,
}

/// Where a schedule stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ScheduleStatus {
    /// It starts runs.
    Active,
    /// Somebody holds it.
    Paused,
    /// It has no moment left.
    Ended,
}

impl Outcome {
    /// The word that is stored.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Started => "started",
            Self::Skipped => "skipped",
            Self::Failed => "failed",
        }
    }
}

impl Missed {
    /// The word that is stored.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Skip => "skip",
            Self::Once => "once",
        }
    }
}

impl FromStr for Missed {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let all = [Self::Skip, Self::Once];
        all.into_iter().find(|missed| missed.as_str() == text).ok_or_else(|| InvalidId::new("policy", text))
    }
}

impl ScheduleStatus {
    /// The word that is stored.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Paused => "paused",
            Self::Ended => "ended",
        }
    }
}

impl fmt::Display for ScheduleStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for ScheduleStatus {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let all = [Self::Active, Self::Paused, Self::Ended];
        all.into_iter().find(|status| status.as_str() == text).ok_or_else(|| InvalidId::new("schedule status", text))
    }
}
