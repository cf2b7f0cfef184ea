//! Making keys, giving them new secrets, and taking them back.

use sba_subjects::id::ApiKeyId;
use serde_json::json;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use super::{ApiKey, MAX_FORMER, NewApiKey, SecretHash, read::lock};
use crate::{
    StoreError, TenantTx,
    audit::{self, Action, Actor},
    text::clean,
};

/// Stores a key, with its audit entry.
///
/// # Errors
/// `conflict` when it exists, `invalid_value`, `missing_reference` when the tenant does not exist.
pub async fn create(tx: &mut TenantTx, key: &NewApiKey, actor: &Actor) -> Result<ApiKey, StoreError> {
    let name = clean(&key.name);
    let roles: Vec<String> = key.roles.iter().map(ToString::to_string).collect();
    sqlx::query!(
        "insert into api_keys (tenant_id, id, name, roles, created_by, created_at, expires_at)
         values ($1, $2, $3, $4, $5, $6, $7)",
        tx.tenant().as_uuid(),
        key.id.as_uuid(),
        name,
        &roles,
        key.created_by.as_uuid(),
        key.created_at,
        key.expires_at,
    )
    .execute(tx.conn())
    .await?;
    add_secret(tx, key.id, &key.secret, key.created_at, key.expires_at).await?;
    let what = json!({"key_id": key.id, "name": name, "roles": roles, "expires_at": written(key.expires_at)});
    audit::record(tx, actor, Action::KeyCreated, &what).await?;
    Ok(ApiKey {
        id: key.id,
        name,
        roles: key.roles.clone(),
        created_by: key.created_by,
        created_at: key.created_at,
        expires_at: key.expires_at,
        rotated_at: None,
        revoked_at: None,
    })
}

/// Gives a key that counts at `now` another secret, with an audit entry. Those it has hold until `overlap_end` at most, and
/// of these no more than [`MAX_FORMER`]. `None` where there is no such key.
///
/// # Errors
/// Only those of the connection, and `database_unreadable`.
pub async fn rotate(
    tx: &mut TenantTx,
    id: ApiKeyId,
    secret: &SecretHash,
    now: OffsetDateTime,
    overlap_end: OffsetDateTime,
    actor: &Actor,
) -> Result<Option<ApiKey>, StoreError> {
    let Some(key) = lock(tx, id).await?.filter(|key| key.revoked_at.is_none() && key.expires_at > now) else {
        return Ok(None);
    };
    sqlx::query!("update api_key_secrets set until = $2 where key_id = $1 and until > $2", id.as_uuid(), overlap_end,)
        .execute(tx.conn())
        .await?;
    sqlx::query!(
        "delete from api_key_secrets where key_id = $1 and (until <= $2 or hash not in
             (select hash from api_key_secrets where key_id = $1 order by since desc, hash limit $3))",
        id.as_uuid(),
        now,
        i64::from(MAX_FORMER),
    )
    .execute(tx.conn())
    .await?;
    add_secret(tx, id, secret, now, key.expires_at).await?;
    sqlx::query!("update api_keys set rotated_at = $2 where id = $1", id.as_uuid(), now).execute(tx.conn()).await?;
    let what = json!({"key_id": id, "former_until": written(overlap_end)});
    audit::record(tx, actor, Action::KeyRotated, &what).await?;
    Ok(Some(ApiKey { rotated_at: Some(now), ..key }))
}

/// Takes a key back, with an audit entry; one that was taken back stays so. Returns whether there is such a key.
///
/// # Errors
/// Only those of the connection, and `database_unreadable`.
pub async fn revoke(tx: &mut TenantTx, id: ApiKeyId, now: OffsetDateTime, actor: &Actor) -> Result<bool, StoreError> {
    let Some(key) = lock(tx, id).await? else { return Ok(false) };
    if key.revoked_at.is_some() {
        return Ok(true);
    }
    sqlx::query!("update api_keys set revoked_at = $2 where id = $1", id.as_uuid(), now).execute(tx.conn()).await?;
    sqlx::query!("delete from api_key_secrets where key_id = $1", id.as_uuid()).execute(tx.conn()).await?;
    audit::record(tx, actor, Action::KeyRevoked, &json!({"key_id": id, "name": key.name})).await?;
    Ok(true)
}

/// Removes up to `limit` keys that were taken back or expired before `oldest`; returns how many.
///
/// # Errors
/// Only those of the connection.
pub async fn delete_ended(tx: &mut TenantTx, oldest: OffsetDateTime, limit: u32) -> Result<u64, StoreError> {
    let done = sqlx::query!(
        "delete from api_keys where id in
             (select id from api_keys where least(revoked_at, expires_at) < $1 limit $2 for update skip locked)",
        oldest,
        i64::from(limit),
    )
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected())
}

async fn add_secret(
    tx: &mut TenantTx,
    id: ApiKeyId,
    secret: &SecretHash,
    since: OffsetDateTime,
    until: OffsetDateTime,
) -> Result<(), StoreError> {
    sqlx::query!(
        "insert into api_key_secrets (tenant_id, key_id, hash, since, until) values ($1, $2, $3, $4, $5)",
        tx.tenant().as_uuid(),
        id.as_uuid(),
        secret.as_slice(),
        since,
        until,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

fn written(at: OffsetDateTime) -> String {
    at.format(&Rfc3339).unwrap_or_default()
}
