//! Idempotency keys: the same request again makes nothing new.

use std::time::Duration;

use time::OffsetDateTime;
use uuid::Uuid;

use crate::{StoreError, TenantTx};

/// A key that a client sent, and what it stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request<'a> {
    /// Where it was sent to, e.g. `POST /api/v1/sessions`.
    pub endpoint: &'a str,
    /// The key, 1 to 255 characters.
    pub key: &'a str,
    /// SHA-256 of the request's body in a canonical form.
    pub body_hash: [u8; 32],
    /// What will be made under it.
    pub resource_id: Uuid,
}

/// What a key means for a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claim {
    /// The key is new: go on, and commit.
    New,
    /// The same request came before and made this.
    Repeat(Uuid),
    /// The key was used for another body: refuse.
    Mismatch,
}

/// Claims a key for as long as `lifetime`; after that it counts as new again.
///
/// Two requests at once wait for each other: the second sees what the first has committed.
///
/// # Errors
/// `invalid_value` when endpoint or key are too long, else only those of the connection.
pub async fn claim(
    tx: &mut TenantTx,
    request: &Request<'_>,
    now: OffsetDateTime,
    lifetime: Duration,
) -> Result<Claim, StoreError> {
    let oldest = now - lifetime;
    let taken = sqlx::query_scalar!(
        "insert into idempotency_keys as k (tenant_id, endpoint, key, body_hash, resource_id, created_at)
         values ($1, $2, $3, $4, $5, $6)
         on conflict (tenant_id, endpoint, key) do update
             set body_hash = excluded.body_hash, resource_id = excluded.resource_id, created_at = excluded.created_at
             where k.created_at < $7
         returning resource_id",
        tx.tenant().as_uuid(),
        request.endpoint,
        request.key,
        request.body_hash.as_slice(),
        request.resource_id,
        now,
        oldest,
    )
    .fetch_optional(tx.conn())
    .await?;
    if taken.is_some() {
        return Ok(Claim::New);
    }
    let stored = sqlx::query!(
        "select body_hash, resource_id from idempotency_keys where endpoint = $1 and key = $2",
        request.endpoint,
        request.key,
    )
    .fetch_one(tx.conn())
    .await?;
    Ok(if stored.body_hash == request.body_hash { Claim::Repeat(stored.resource_id) } else { Claim::Mismatch })
}

/// Removes up to `limit` keys that were claimed before `oldest`; returns how many.
///
/// # Errors
/// Only those of the connection.
pub async fn delete_older(tx: &mut TenantTx, oldest: OffsetDateTime, limit: u32) -> Result<u64, StoreError> {
    let done = sqlx::query!(
        "delete from idempotency_keys where (endpoint, key) in
             (select endpoint, key from idempotency_keys where created_at < $1 limit $2
              for update skip locked)",
        oldest,
        i64::from(limit),
    )
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected())
}
