//! Sessions of a tenant's users. Of a session's token only the hash is kept.

use sba_subjects::id::{SessionId, UserId};
use serde_json::Value;
use time::OffsetDateTime;

use crate::{StoreError, TenantTx, text::clean_json};

/// A session.
#[derive(Debug, Clone, PartialEq)]
pub struct Session {
    /// Its id.
    pub id: SessionId,
    /// Whose it is.
    pub user_id: UserId,
    /// SHA-256 of its token.
    pub token_hash: [u8; 32],
    /// What the client wants to find again, a JSON value.
    pub metadata: Value,
    /// When it was made.
    pub created_at: OffsetDateTime,
    /// From when on it no longer counts.
    pub expires_at: OffsetDateTime,
}

/// Stores a session. The same id again changes nothing.
///
/// # Errors
/// `missing_reference` when the tenant does not exist, else only those of the connection.
pub async fn create(tx: &mut TenantTx, session: &Session) -> Result<(), StoreError> {
    sqlx::query!(
        "insert into sessions (tenant_id, id, user_id, token_hash, metadata, created_at, expires_at)
         values ($1, $2, $3, $4, $5, $6, $7) on conflict (tenant_id, id) do nothing",
        tx.tenant().as_uuid(),
        session.id.as_uuid(),
        session.user_id.as_uuid(),
        session.token_hash.as_slice(),
        clean_json(&session.metadata),
        session.created_at,
        session.expires_at,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Reads a session, an expired one too: the caller knows the time.
///
/// # Errors
/// Only those of the connection.
pub async fn get(tx: &mut TenantTx, id: SessionId) -> Result<Option<Session>, StoreError> {
    let row = sqlx::query!(
        "select id, user_id, token_hash, metadata, created_at, expires_at from sessions where id = $1",
        id.as_uuid(),
    )
    .fetch_optional(tx.conn())
    .await?;
    Ok(row.map(|row| Session {
        id: SessionId::from_uuid(row.id),
        user_id: UserId::from_uuid(row.user_id),
        // The column's check holds the length; a hash of zeros matches no token.
        token_hash: row.token_hash.try_into().unwrap_or_default(),
        metadata: row.metadata,
        created_at: row.created_at,
        expires_at: row.expires_at,
    }))
}

/// Removes up to `limit` of the tenant's sessions that expired before `now`; returns how many.
///
/// # Errors
/// Only those of the connection.
pub async fn delete_expired(tx: &mut TenantTx, now: OffsetDateTime, limit: u32) -> Result<u64, StoreError> {
    let done = sqlx::query!(
        "delete from sessions where id in 
             (select id from sessions where expires_at < $1 limit $2 for update skip locked)",
        now,
        i64::from(limit),
    )
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected())
}
