//! The logs behind the rows: removed some time after a run's end.

use sba_subjects::id::RunId;
use time::OffsetDateTime;

use crate::{StoreError, TenantTx};

/// Runs of the tenant that ended before a moment and whose logs were not removed yet, the longest ended first.
///
/// # Errors
/// Only those of the connection.
pub async fn expired(tx: &mut TenantTx, before: OffsetDateTime, most: u32) -> Result<Vec<RunId>, StoreError> {
    let rows = sqlx::query_scalar!(
        "select id from agent_runs where ended_at < $1 and ended_at is not null and log_removed_at is null
         order by ended_at limit $2",
        before,
        i64::from(most),
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(rows.into_iter().map(RunId::from_uuid).collect())
}

/// Notes that the log of a run was removed.
///
/// # Errors
/// Only those of the connection.
pub async fn log_removed(tx: &mut TenantTx, run: RunId, at: OffsetDateTime) -> Result<(), StoreError> {
    sqlx::query!("update agent_runs set log_removed_at = $2 where id = $1", run.as_uuid(), at)
        .execute(tx.conn())
        .await?;
    Ok(())
}
