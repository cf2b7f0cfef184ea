//! What nobody needs any more, and what was lost: seen by whoever sweeps over all tenants.
//!
//! Each function does a part of one tenant's, a bounded one, and may run twice at once.

use sba_subjects::id::{DocumentId, TenantId, UserId};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{Store, StoreError, TenantTx, blob::BlobKey};

/// A document that waits to be indexed, and shows no progress.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forgotten {
    /// The document.
    pub id: DocumentId,
    /// SHA-256 of its content.
    pub content_sha256: Vec<u8>,
    /// Who handed it in first.
    pub created_by: Option<UserId>,
}

impl Store {
    /// The ids of at most `most` tenants, of all that there ever were, in order, behind this one. It is all that is told of
    /// tenants outside of their transactions.
    ///
    /// # Errors
    /// As [`Store::begin`].
    pub async fn tenant_ids(&self, behind: Option<TenantId>, most: u32) -> Result<Vec<TenantId>, StoreError> {
        let mut tx = self.begin_with("set transaction read only").await?;
        let ids = sqlx::query_scalar!(
            r#"select id as "id!" from tenant_ids($1, $2) as id"#,
            behind.map(|id| id.as_uuid()) as Option<Uuid>,
            i32::try_from(most).unwrap_or(i32::MAX),
        )
        .fetch_all(&mut *tx)
        .await?;
        Ok(ids.into_iter().map(TenantId::from_uuid).collect())
    }
}

/// Those of the blobs that no document and no artifact names.
///
/// # Errors
/// Only those of the connection.
pub async fn unnamed(tx: &mut TenantTx, blobs: &[BlobKey]) -> Result<Vec<BlobKey>, StoreError> {
    let names: Vec<String> = blobs.iter().map(BlobKey::to_string).collect();
    let unnamed = sqlx::query_scalar!(
        r#"select name as "name!" from unnest($1::text[]) as name
           where not exists (select from documents where blob = name)
             and not exists (select from artifacts where blob = name)"#,
        &names,
    )
    .fetch_all(tx.conn())
    .await?;
    let known = blobs.iter().filter(|blob| unnamed.contains(&blob.to_string()));
    Ok(known.copied().collect())
}

/// Documents that have waited to be indexed since before `oldest`, without any progress; at most `limit`, behind this one.
///
/// # Errors
/// Only those of the connection.
pub async fn forgotten(
    tx: &mut TenantTx,
    oldest: OffsetDateTime,
    behind: Option<DocumentId>,
    limit: u32,
) -> Result<Vec<Forgotten>, StoreError> {
    let rows = sqlx::query!(
        "select id, content_sha256, created_by from documents
         where status = 'pending' and updated_at < $1 and ($2::uuid is null or id > $2) order by id limit $3",
        oldest,
        behind.map(|id| id.as_uuid()) as Option<Uuid>,
        i64::from(limit),
    )
    .fetch_all(tx.conn())
    .await?;
    let forgotten = rows.into_iter().map(|row| Forgotten {
        id: DocumentId::from_uuid(row.id),
        content_sha256: row.content_sha256,
        created_by: row.created_by.map(UserId::from_uuid),
    });
    Ok(forgotten.collect())
}

/// Removes up to `limit` effects that were begun before `oldest`; returns how many. A call that is repeated later than that
/// has its effect again.
///
/// # Errors
/// Only those of the connection.
pub async fn delete_effects(tx: &mut TenantTx, oldest: OffsetDateTime, limit: u32) -> Result<u64, StoreError> {
    let done = sqlx::query!(
        "delete from tool_effects where call_id in
             (select call_id from tool_effects where begun_at < $1 limit $2 for update skip locked)",
        oldest,
        i64::from(limit),
    )
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected())
}

/// Removes up to `limit` starts of jobs that were last begun before `oldest`; returns how many.
///
/// # Errors
/// Only those of the connection.
pub async fn delete_starts(tx: &mut TenantTx, oldest: OffsetDateTime, limit: u32) -> Result<u64, StoreError> {
    let done = sqlx::query!(
        "delete from job_starts where job_id in
             (select job_id from job_starts where started_at < $1 limit $2 for update skip locked)",
        oldest,
        i64::from(limit),
    )
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected())
}
