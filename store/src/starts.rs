//! How often work on a suspicious job began: a job that takes its worker with it leaves no other trace.

use sba_subjects::id::CallId;

use crate::{StoreError, TenantTx, text::to_i32};

/// Records that work on a job begins, unless it began `most` times already and never ended; says whether it may.
///
/// # Errors
/// `missing_reference` for a tenant that does not exist, else only those of the connection.
pub async fn begin(tx: &mut TenantTx, job: CallId, most: u32) -> Result<bool, StoreError> {
    let begun = sqlx::query!(
        "insert into job_starts as s (tenant_id, job_id) values ($1, $2)
         on conflict (tenant_id, job_id) do update set starts = s.starts + 1, started_at = now() where s.starts < $3",
        tx.tenant().as_uuid(),
        job.as_uuid(),
        to_i32(most),
    )
    .execute(tx.conn())
    .await?;
    Ok(begun.rows_affected() > 0)
}

/// Forgets a job, because work on it ended in some way.
///
/// # Errors
/// Only those of the connection.
pub async fn forget(tx: &mut TenantTx, job: CallId) -> Result<(), StoreError> {
    sqlx::query!("delete from job_starts where job_id = $1", job.as_uuid()).execute(tx.conn()).await?;
    Ok(())
}
