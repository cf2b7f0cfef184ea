//! A schedule, as the API shows it.

use sba_store::schedules::{Firing, Missed, Outcome, Schedule, ScheduleStatus};
use sba_subjects::{
    event::{Created, RunOptions},
    run::Workflow,
};
use serde::Serialize;
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

use super::when::When;
use crate::api::runs::{FailureView, StartOptions};

/// A schedule.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ScheduleView {
    /// The schedule.
    schedule_id: Uuid,
    /// What people call it.
    #[schema(example = "Morning report")]
    name: String,
    /// `active`, `paused`, or `ended` when it has no moment left.
    #[schema(value_type = String, example = "active")]
    status: ScheduleStatus,
    /// When it starts runs.
    when: When,
    /// What becomes of moments at which SBA was down: `once`, one run makes up for all of them; `skip`, they are passed over.
    #[schema(value_type = String, example = "once")]
    missed: Missed,
    /// What its runs are started with.
    run: Option<ScheduledRun>,
    /// Its next moment; null unless it is active.
    #[serde(with = "time::serde::rfc3339::option")]
    next_at: Option<OffsetDateTime>,
    /// What became of the last moment that was seen to.
    last: Option<FiringView>,
    /// Who made it, and on whose behalf its runs act.
    created_by: Uuid,
    /// When it was made.
    #[serde(with = "time::serde::rfc3339")]
    created_at: OffsetDateTime,
    /// When it was last changed, by a person or by the clock.
    #[serde(with = "time::serde::rfc3339")]
    updated_at: OffsetDateTime,
}

/// What a schedule's runs are started with.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ScheduledRun {
    /// What is asked.
    #[schema(example = "Summarise what is new.")]
    prompt: String,
    /// The plan that it follows.
    #[schema(value_type = String, example = "render")]
    workflow: Workflow,
    /// How it is to be done.
    #[schema(value_type = StartOptions)]
    options: RunOptions,
    /// The session that it belongs to.
    session_id: Option<Uuid>,
}

/// What became of a moment.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FiringView {
    /// The moment.
    #[serde(with = "time::serde::rfc3339")]
    at: OffsetDateTime,
    /// When it was seen to.
    #[serde(with = "time::serde::rfc3339")]
    seen_at: OffsetDateTime,
    /// `started`, `skipped` (it was missed), or `failed`.
    #[schema(value_type = String, example = "started")]
    outcome: Outcome,
    /// The run that was started.
    run_id: Option<Uuid>,
    /// Why none was.
    error: Option<FailureView>,
}

impl From<Schedule> for ScheduleView {
    fn from(schedule: Schedule) -> Self {
        Self {
            schedule_id: schedule.id.as_uuid(),
            name: schedule.name,
            status: schedule.status,
            when: When::of(&schedule.timing),
            missed: schedule.missed,
            run: serde_json::from_value::<Created>(schedule.request).ok().map(ScheduledRun::from),
            next_at: schedule.next_at,
            last: schedule.last.map(FiringView::from),
            created_by: schedule.created_by.as_uuid(),
            created_at: schedule.created_at,
            updated_at: schedule.updated_at,
        }
    }
}

impl From<Created> for ScheduledRun {
    fn from(request: Created) -> Self {
        Self {
            prompt: request.prompt,
            workflow: request.workflow,
            options: request.options,
            session_id: request.session_id.map(|session| session.as_uuid()),
        }
    }
}

impl From<Firing> for FiringView {
    fn from(firing: Firing) -> Self {
        Self {
            at: firing.at,
            seen_at: firing.seen_at,
            outcome: firing.outcome,
            run_id: firing.run_id.map(|run| run.as_uuid()),
            error: firing.error.map(FailureView::from),
        }
    }
}
