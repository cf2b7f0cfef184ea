//! Who was let into a tenant's account on NATS.

use sba_subjects::{boundary::Scope, caller::CallerKey, id::UserId};
use serde_json::json;
use time::OffsetDateTime;

use crate::{
    StoreError, TenantTx,
    audit::{self, Action, Actor},
};

/// How many that have ended are removed where one is issued: more go than come, and nobody waits for another.
const TIDY: i64 = 10;

/// A user of a tenant's account, without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credential {
    /// Its public key.
    pub key: CallerKey,
    /// On whose behalf it acts.
    pub user_id: UserId,
    /// With which roles.
    pub roles: Vec<String>,
    /// What it is for.
    pub scopes: Vec<Scope>,
    /// When it was made.
    pub issued_at: OffsetDateTime,
    /// Until when it holds.
    pub expires_at: OffsetDateTime,
    /// When it was taken back, if it was.
    pub revoked_at: Option<OffsetDateTime>,
}

/// Locks the tenant's account until the end of the transaction: its claims are changed by one at a time. Returns which of
/// its derived keys signs users.
///
/// # Errors
/// `missing_reference` when the tenant does not exist, else only those of the connection.
pub async fn lock(tx: &mut TenantTx) -> Result<u32, StoreError> {
    sqlx::query!("insert into nats_accounts (tenant_id) values ($1) on conflict do nothing", tx.tenant().as_uuid())
        .execute(tx.conn())
        .await?;
    let generation = sqlx::query_scalar!(
        "select generation from nats_accounts where tenant_id = $1 for update",
        tx.tenant().as_uuid()
    )
    .fetch_one(tx.conn())
    .await?;
    Ok(generation.unsigned_abs())
}

/// Stores a credential, with an audit entry; `false` where the tenant has `most` that still hold or did until they were
/// taken back.
///
/// # Errors
/// Only those of the connection.
pub async fn issue(tx: &mut TenantTx, credential: &Credential, most: u32, actor: &Actor) -> Result<bool, StoreError> {
    let Credential { key, user_id, roles, scopes, issued_at, expires_at, .. } = credential;
    sqlx::query!(
        "delete from nats_credentials where public_key in
             (select public_key from nats_credentials where expires_at <= $1 limit $2)",
        *issued_at,
        TIDY,
    )
    .execute(tx.conn())
    .await?;
    let held =
        sqlx::query_scalar!(r#"select count(*) as "n!" from nats_credentials where expires_at > $1"#, *issued_at)
            .fetch_one(tx.conn())
            .await?;
    if held >= i64::from(most) {
        return Ok(false);
    }
    let words: Vec<_> = scopes.iter().map(ToString::to_string).collect();
    sqlx::query!(
        "insert into nats_credentials (tenant_id, public_key, user_id, roles, scopes, issued_at, expires_at)
         values ($1, $2, $3, $4, $5, $6, $7)",
        tx.tenant().as_uuid(),
        key.as_str(),
        user_id.as_uuid(),
        roles,
        &words,
        *issued_at,
        *expires_at,
    )
    .execute(tx.conn())
    .await?;
    let what = json!({"public_key": key, "scopes": scopes, "expires_at": expires_at.unix_timestamp()});
    audit::record(tx, actor, Action::NatsCredentialsIssued, &what).await?;
    Ok(true)
}

/// Reads a credential, one that has ended or was taken back too: the caller knows the time.
///
/// # Errors
/// Only those of the connection, and `database_unreadable`.
pub async fn get(tx: &mut TenantTx, key: &CallerKey) -> Result<Option<Credential>, StoreError> {
    let row = sqlx::query!(
        "select user_id, roles, scopes, issued_at, expires_at, revoked_at from nats_credentials where public_key = $1",
        key.as_str(),
    )
    .fetch_optional(tx.conn())
    .await?;
    let Some(row) = row else { return Ok(None) };
    let scopes = row.scopes.iter().map(|word| word.parse()).collect::<Result<_, _>>();
    Ok(Some(Credential {
        key: key.clone(),
        user_id: UserId::from_uuid(row.user_id),
        roles: row.roles,
        scopes: scopes.map_err(|source| StoreError::Unreadable { column: "scopes", source })?,
        issued_at: row.issued_at,
        expires_at: row.expires_at,
        revoked_at: row.revoked_at,
    }))
}

/// Takes a credential back, with an audit entry. Returns whether that changed anything.
///
/// # Errors
/// Only those of the connection.
pub async fn revoke(
    tx: &mut TenantTx,
    key: &CallerKey,
    now: OffsetDateTime,
    actor: &Actor,
) -> Result<bool, StoreError> {
    let done = sqlx::query!(
        "update nats_credentials set revoked_at = $2 where public_key = $1 and revoked_at is null",
        key.as_str(),
        now,
    )
    .execute(tx.conn())
    .await?;
    if done.rows_affected() == 0 {
        return Ok(false);
    }
    audit::record(tx, actor, Action::NatsCredentialsRevoked, &json!({"public_key": key})).await?;
    Ok(true)
}

/// Takes back what was given on a user's behalf, with an audit entry where that is something.
///
/// # Errors
/// Only those of the connection.
pub async fn revoke_of(tx: &mut TenantTx, user: UserId, now: OffsetDateTime, actor: &Actor) -> Result<(), StoreError> {
    let done = sqlx::query!(
        "update nats_credentials set revoked_at = $2 where user_id = $1 and revoked_at is null and expires_at > $2",
        user.as_uuid(),
        now,
    )
    .execute(tx.conn())
    .await?;
    if done.rows_affected() > 0 {
        let what = json!({"user_id": user, "credentials": done.rows_affected()});
        audit::record(tx, actor, Action::NatsCredentialsRevoked, &what).await?;
    }
    Ok(())
}

/// Takes all of the tenant's credentials back, with an audit entry: from now on its next derived key signs users. The
/// account must be [locked](lock). Returns which key that is.
///
/// # Errors
/// Only those of the connection.
pub async fn revoke_all(tx: &mut TenantTx, actor: &Actor) -> Result<u32, StoreError> {
    let generation = sqlx::query_scalar!(
        "update nats_accounts set generation = generation + 1 where tenant_id = $1 returning generation",
        tx.tenant().as_uuid(),
    )
    .fetch_one(tx.conn())
    .await?;
    let done = sqlx::query!("delete from nats_credentials").execute(tx.conn()).await?;
    let what = json!({"credentials": done.rows_affected(), "generation": generation});
    audit::record(tx, actor, Action::NatsAccessRevoked, &what).await?;
    Ok(generation.unsigned_abs())
}

/// The credentials that were taken back and would hold otherwise.
///
/// # Errors
/// Only those of the connection, and `database_unreadable`.
pub async fn revoked(tx: &mut TenantTx, now: OffsetDateTime) -> Result<Vec<CallerKey>, StoreError> {
    let keys = sqlx::query_scalar!(
        "select public_key from nats_credentials where revoked_at is not null and expires_at > $1 order by public_key",
        now,
    )
    .fetch_all(tx.conn())
    .await?;
    let keys = keys.iter().map(|key| key.parse()).collect::<Result<_, _>>();
    keys.map_err(|source| StoreError::Unreadable { column: "public_key", source })
}
