//! Reading runs.

use sba_subjects::{
    id::{RunId, SessionId, UserId},
    run::{Failure, RunStatus, Usage},
};
use serde_json::Value;
use time::OffsetDateTime;
use uuid::Uuid;

use super::Run;
use crate::{Listed, Page, StoreError, TenantTx};

/// Which runs a list shows; what is left open does not matter.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Filter {
    /// Only runs that stand here.
    pub status: Option<RunStatus>,
    /// Only runs of this user.
    pub user_id: Option<UserId>,
    /// Only runs of this session.
    pub session_id: Option<SessionId>,
}

struct Row {
    id: Uuid,
    user_id: Option<Uuid>,
    session_id: Option<Uuid>,
    workflow: String,
    status: String,
    prompt: String,
    request: Value,
    error_code: Option<String>,
    error_message: Option<String>,
    input_tokens: i64,
    output_tokens: i64,
    cost_micros: i64,
    attempt: i32,
    seq: i64,
    created_at: OffsetDateTime,
    updated_at: OffsetDateTime,
    started_at: Option<OffsetDateTime>,
    ended_at: Option<OffsetDateTime>,
}

impl TryFrom<Row> for Run {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let status = row.status.parse().map_err(|source| StoreError::Unreadable { column: "status", source })?;
        Ok(Self {
            id: RunId::from_uuid(row.id),
            user_id: row.user_id.map(UserId::from_uuid),
            session_id: row.session_id.map(SessionId::from_uuid),
            workflow: row.workflow,
            status,
            prompt: row.prompt,
            request: row.request,
            error: row.error_code.map(|code| Failure::new(code, row.error_message.unwrap_or_default())),
            usage: Usage {
                input_tokens: row.input_tokens.unsigned_abs(),
                output_tokens: row.output_tokens.unsigned_abs(),
                cost_micros: row.cost_micros.unsigned_abs(),
            },
            attempt: row.attempt.unsigned_abs(),
            seq: row.seq.unsigned_abs(),
            created_at: row.created_at,
            updated_at: row.updated_at,
            started_at: row.started_at,
            ended_at: row.ended_at,
        })
    }
}

/// Reads a run. One that was just accepted may not be projected yet.
///
/// # Errors
/// Only those of the connection, and `database_unreadable`.
pub async fn get(tx: &mut TenantTx, id: RunId) -> Result<Option<Run>, StoreError> {
    let row = sqlx::query_as!(
        Row,
        "select id, user_id, session_id, workflow, status, prompt, request, error_code, error_message,
                input_tokens, output_tokens, cost_micros, attempt, seq, created_at, updated_at, started_at, ended_at
         from agent_runs where id = $1",
        id.as_uuid(),
    )
    .fetch_optional(tx.conn())
    .await?;
    row.map(Run::try_from).transpose()
}

/// Lists runs, the newest first.
///
/// # Errors
/// Only those of the connection, and `database_unreadable`.
pub async fn list(tx: &mut TenantTx, filter: &Filter, page: Page) -> Result<Listed<Run>, StoreError> {
    let status = filter.status.map(RunStatus::as_str);
    let user = filter.user_id.map(|u| u.as_uuid());
    let session = filter.session_id.map(|s| s.as_uuid());
    let total = sqlx::query_scalar!(
        r#"select count(*) as "n!" from agent_runs
           where ($1::text is null or status = $1) and ($2::uuid is null or user_id = $2)
             and ($3::uuid is null or session_id = $3)"#,
        status,
        user,
        session,
    )
    .fetch_one(tx.conn())
    .await?;
    let rows = sqlx::query_as!(
        Row,
        "select id, user_id, session_id, workflow, status, prompt, request, error_code, error_message,
                input_tokens, output_tokens, cost_micros, attempt, seq, created_at, updated_at, started_at, ended_at
         from agent_runs
         where ($1::text is null or status = $1) and ($2::uuid is null or user_id = $2)
           and ($3::uuid is null or session_id = $3)
         order by created_at desc, id desc limit $4 offset $5",
        status,
        user,
        session,
        page.sql_limit(),
        page.sql_offset(),
    )
    .fetch_all(tx.conn())
    .await?;
    let items = rows.into_iter().map(Run::try_from).collect::<Result<_, _>>()?;
    Ok(Listed::new(items, total, page))
}
