//! Steps of runs, as projected from their logs. Writers behave as those of [`crate::runs`].

mod write;

use sba_subjects::{
    id::{CallId, RunId},
    run::{Failure, StepKind, StepStatus, Usage},
};
use serde_json::Value;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{StoreError, TenantTx};

pub use write::write;

/// A step began. One that begins anew, in a later attempt, forgets what the earlier attempt made.
#[derive(Debug, Clone, PartialEq)]
pub struct StepStart {
    /// The run.
    pub run: RunId,
    /// The step's number within the run.
    pub number: u32,
    /// The event's number in the run's log.
    pub seq: u64,
    /// When it began.
    pub at: OffsetDateTime,
    /// The attempt that it belongs to.
    pub attempt: u32,
    /// What it is.
    pub kind: StepKind,
    /// What it does.
    pub name: String,
    /// What it was given.
    pub input: Value,
}

/// A step ended.
#[derive(Debug, Clone, PartialEq)]
pub struct StepFinish {
    /// The run.
    pub run: RunId,
    /// The step's number within the run.
    pub number: u32,
    /// The event's number in the run's log.
    pub seq: u64,
    /// When it ended.
    pub at: OffsetDateTime,
    /// How.
    pub status: StepStatus,
    /// What it made.
    pub output: Value,
    /// Tokens it took.
    pub usage: Usage,
    /// Why it failed.
    pub error: Option<Failure>,
}

/// A step as it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// Its id, the same however often it is projected.
    pub id: Uuid,
    /// Its number within the run.
    pub number: u32,
    /// The attempt that it belongs to.
    pub attempt: u32,
    /// What it is.
    pub kind: StepKind,
    /// What it does.
    pub name: String,
    /// Where it stands.
    pub status: StepStatus,
    /// What it was given.
    pub input: Value,
    /// What it made; null while it is under way.
    pub output: Value,
    /// Why it failed.
    pub error: Option<Failure>,
    /// Tokens it took.
    pub usage: Usage,
    /// The last tool that it called.
    pub tool_call_id: Option<CallId>,
    /// When it began.
    pub started_at: Option<OffsetDateTime>,
    /// When it ended.
    pub ended_at: Option<OffsetDateTime>,
}

/// The steps of a run, in order.
///
/// # Errors
/// Only those of the connection, and `database_unreadable`.
pub async fn of_run(tx: &mut TenantTx, run: RunId) -> Result<Vec<Step>, StoreError> {
    let rows = sqlx::query!(
        "select id, number, attempt, kind, name, status, input, output, error_code, error_message, input_tokens,
                output_tokens, cost_micros, tool_call_id, started_at, ended_at
         from agent_steps where run_id = $1 order by number",
        run.as_uuid(),
    )
    .fetch_all(tx.conn())
    .await?;
    let unreadable = |column| move |source| StoreError::Unreadable { column, source };
    let steps = rows.into_iter().map(|row| {
        Ok(Step {
            id: row.id,
            number: row.number.unsigned_abs(),
            attempt: row.attempt.unsigned_abs(),
            kind: row.kind.parse().map_err(unreadable("kind"))?,
            name: row.name,
            status: row.status.parse().map_err(unreadable("status"))?,
            input: row.input.unwrap_or_default(),
            output: row.output.unwrap_or_default(),
            error: row.error_code.map(|code| Failure::new(code, row.error_message.unwrap_or_default())),
            usage: Usage {
                input_tokens: row.input_tokens.unsigned_abs(),
                output_tokens: row.output_tokens.unsigned_abs(),
                cost_micros: row.cost_micros.unsigned_abs(),
            },
            tool_call_id: row.tool_call_id.map(CallId::from_uuid),
            started_at: row.started_at,
            ended_at: row.ended_at,
        })
    });
    steps.collect()
}
