//! What the projector passed over: messages that are no records, and runs' parts that the database refused.

use sba_subjects::id::{RunId, TenantId};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    ProjectionTx, StoreError,
    text::{clean, to_i64},
};

/// Something that was passed over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    /// Where it stands in the stream; for a run's part, the last message of it.
    pub sequence: u64,
    /// Whose it is, where that is known.
    pub tenant: Option<TenantId>,
    /// The run, where it is one's.
    pub run: Option<RunId>,
    /// Why, a stable code.
    pub code: String,
    /// When it was noticed.
    pub noticed_at: OffsetDateTime,
}

/// Notes what was passed over; what is noted again keeps the latest reason.
///
/// # Errors
/// Only those of the connection.
pub async fn note(
    tx: &mut ProjectionTx,
    stream: &str,
    sequence: u64,
    run: Option<(TenantId, RunId)>,
    code: &str,
) -> Result<(), StoreError> {
    sqlx::query!(
        "insert into projection_left_out (stream, sequence, tenant_id, run_id, code) values ($1, $2, $3, $4, $5)
         on conflict (stream, sequence) do update
             set tenant_id = excluded.tenant_id, run_id = excluded.run_id, code = excluded.code, noticed_at = now()",
        stream,
        to_i64(sequence),
        run.map(|(tenant, _)| tenant.as_uuid()),
        run.map(|(_, run)| run.as_uuid()),
        clean(code),
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Forgets what was passed over of runs: they were projected anew.
///
/// # Errors
/// Only those of the connection.
pub async fn forget(tx: &mut ProjectionTx, runs: &[RunId]) -> Result<(), StoreError> {
    let ids: Vec<Uuid> = runs.iter().map(RunId::as_uuid).collect();
    sqlx::query!("delete from projection_left_out where run_id = any($1)", &ids).execute(tx.conn()).await?;
    Ok(())
}

/// What was passed over, the latest first, and how much there is in all.
///
/// # Errors
/// Only those of the connection.
pub async fn latest(tx: &mut ProjectionTx, stream: &str, most: u32) -> Result<(Vec<LeftOut>, u64), StoreError> {
    let total = sqlx::query_scalar!(r#"select count(*) as "n!" from projection_left_out where stream = $1"#, stream)
        .fetch_one(tx.conn())
        .await?;
    let rows = sqlx::query!(
        "select sequence, tenant_id, run_id, code, noticed_at from projection_left_out where stream = $1
         order by noticed_at desc, sequence desc limit $2",
        stream,
        i64::from(most),
    )
    .fetch_all(tx.conn())
    .await?;
    let left_out = rows.into_iter().map(|row| LeftOut {
        sequence: row.sequence.unsigned_abs(),
        tenant: row.tenant_id.map(TenantId::from_uuid),
        run: row.run_id.map(RunId::from_uuid),
        code: row.code,
        noticed_at: row.noticed_at,
    });
    Ok((left_out.collect(), total.unsigned_abs()))
}
