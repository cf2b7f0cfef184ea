//! Tool calls of runs, as projected from their logs. Writers behave as those of [`crate::runs`].

mod write;

use sba_subjects::{
    id::{CallId, RunId},
    run::{Effect, Failure},
};
use serde_json::Value;
use time::OffsetDateTime;

use crate::{StoreError, TenantTx};

pub use write::write;

/// A tool is about to be called.
#[derive(Debug, Clone, PartialEq)]
pub struct CallRequest {
    /// The call.
    pub id: CallId,
    /// The run.
    pub run: RunId,
    /// The step that calls it.
    pub step: u32,
    /// The event's number in the run's log.
    pub seq: u64,
    /// When it was asked for.
    pub at: OffsetDateTime,
    /// The tool.
    pub tool_name: String,
    /// What repeating it would do.
    pub effect: Effect,
    /// What it is given.
    pub params: Value,
}

/// A tool answered.
#[derive(Debug, Clone, PartialEq)]
pub struct CallResult {
    /// The call.
    pub id: CallId,
    /// The event's number in the run's log.
    pub seq: u64,
    /// When it answered.
    pub at: OffsetDateTime,
    /// Whether it did what was asked.
    pub success: bool,
    /// What it returned.
    pub result: Value,
    /// Why it failed.
    pub error: Option<Failure>,
    /// How long it worked, in milliseconds.
    pub duration_ms: u64,
}

/// A tool call as it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct ToolCall {
    /// Its id.
    pub id: CallId,
    /// The step that made it.
    pub step: u32,
    /// The tool.
    pub tool_name: String,
    /// What repeating it would do.
    pub effect: Effect,
    /// What it was given.
    pub params: Value,
    /// What it returned; null while it is under way.
    pub result: Value,
    /// Whether it did what was asked; none while it is under way.
    pub success: Option<bool>,
    /// Why it failed.
    pub error: Option<Failure>,
    /// How long it worked, in milliseconds.
    pub duration_ms: Option<u64>,
    /// When it was asked for.
    pub created_at: OffsetDateTime,
    /// When it answered.
    pub ended_at: Option<OffsetDateTime>,
}

/// The tool calls of a run, in order.
///
/// # Errors
/// Only those of the connection, and `database_unreadable`.
pub async fn of_run(tx: &mut TenantTx, run: RunId) -> Result<Vec<ToolCall>, StoreError> {
    let rows = sqlx::query!(
        "select id, step, tool_name, effect, params, result, success, error_code, error_message, duration_ms,
                created_at, ended_at
         from tool_calls where run_id = $1 order by step, created_at, id",
        run.as_uuid(),
    )
    .fetch_all(tx.conn())
    .await?;
    let calls = rows.into_iter().map(|row| {
        let effect = row.effect.parse().map_err(|source| StoreError::Unreadable { column: "effect", source })?;
        Ok(ToolCall {
            id: CallId::from_uuid(row.id),
            step: row.step.unsigned_abs(),
            tool_name: row.tool_name,
            effect,
            params: row.params,
            result: row.result.unwrap_or_default(),
            success: row.success,
            error: row.error_code.map(|code| Failure::new(code, row.error_message.unwrap_or_default())),
            duration_ms: row.duration_ms.map(i64::unsigned_abs),
            created_at: row.created_at,
            ended_at: row.ended_at,
        })
    });
    calls.collect()
}
