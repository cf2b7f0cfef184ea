//! Reading keys.

use sba_subjects::{
    id::{ApiKeyId, InvalidId, UserId},
    role::Role,
};
use time::OffsetDateTime;
use uuid::Uuid;

use super::{ApiKey, Standing};
use crate::{Listed, Page, StoreError, TenantTx};

/// Columns of a key.
pub(super) struct Row {
    pub(super) id: Uuid,
    pub(super) name: String,
    pub(super) roles: Vec<String>,
    pub(super) created_by: Uuid,
    pub(super) created_at: OffsetDateTime,
    pub(super) expires_at: OffsetDateTime,
    pub(super) rotated_at: Option<OffsetDateTime>,
    pub(super) revoked_at: Option<OffsetDateTime>,
}

impl TryFrom<Row> for ApiKey {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: ApiKeyId::from_uuid(row.id),
            name: row.name,
            roles: roles(&row.roles)?,
            created_by: UserId::from_uuid(row.created_by),
            created_at: row.created_at,
            expires_at: row.expires_at,
            rotated_at: row.rotated_at,
            revoked_at: row.revoked_at,
        })
    }
}

fn roles(words: &[String]) -> Result<Vec<Role>, StoreError> {
    let role = |word: &String| {
        word.parse().map_err(|_| StoreError::Unreadable { column: "roles", source: InvalidId::new("role", word) })
    };
    words.iter().map(role).collect()
}

/// What a key is held to; `None` where there is none, or it was taken back. The caller knows the time.
///
/// # Errors
/// Only those of the connection, and `database_unreadable`.
pub async fn standing(tx: &mut TenantTx, id: ApiKeyId) -> Result<Option<Standing>, StoreError> {
    let rows = sqlx::query!(
        "select k.roles, s.hash, s.until from api_keys k
         join api_key_secrets s on s.tenant_id = k.tenant_id and s.key_id = k.id
         where k.id = $1 and k.revoked_at is null",
        id.as_uuid(),
    )
    .fetch_all(tx.conn())
    .await?;
    let Some(first) = rows.first() else { return Ok(None) };
    let roles = roles(&first.roles)?;
    // The column's check holds the length; a hash of zeros is that of no secret.
    let secret = |hash: Vec<u8>| hash.try_into().unwrap_or_default();
    Ok(Some(Standing { roles, secrets: rows.into_iter().map(|row| (secret(row.hash), row.until)).collect() }))
}

/// Whether the tenant has fewer than `most` keys that count at `now`. Until the transaction ends, nobody else is told so, so
/// that two at once do not take the same room.
///
/// # Errors
/// Only those of the connection.
pub async fn room(tx: &mut TenantTx, now: OffsetDateTime, most: u32) -> Result<bool, StoreError> {
    let tenant = tx.tenant().as_uuid();
    sqlx::query!("select id from tenants where id = $1 for no key update", tenant).fetch_optional(tx.conn()).await?;
    let count = sqlx::query_scalar!(
        r#"select count(*) as "n!" from api_keys where revoked_at is null and expires_at > $1"#,
        now,
    )
    .fetch_one(tx.conn())
    .await?;
    Ok(count < i64::from(most))
}

/// Lists keys, the newest first.
///
/// # Errors
/// As [`standing`].
pub async fn list(tx: &mut TenantTx, page: Page) -> Result<Listed<ApiKey>, StoreError> {
    let total = sqlx::query_scalar!(r#"select count(*) as "n!" from api_keys"#).fetch_one(tx.conn()).await?;
    let rows = sqlx::query_as!(
        Row,
        "select id, name, roles, created_by, created_at, expires_at, rotated_at, revoked_at from api_keys
         order by created_at desc, id desc limit $1 offset $2",
        page.sql_limit(),
        page.sql_offset(),
    )
    .fetch_all(tx.conn())
    .await?;
    let items = rows.into_iter().map(ApiKey::try_from).collect::<Result<_, _>>()?;
    Ok(Listed::new(items, total, page))
}

/// Reads a key, one that has ended too.
///
/// # Errors
/// As [`standing`].
pub async fn get(tx: &mut TenantTx, id: ApiKeyId) -> Result<Option<ApiKey>, StoreError> {
    let row = sqlx::query_as!(
        Row,
        "select id, name, roles, created_by, created_at, expires_at, rotated_at, revoked_at from api_keys
         where id = $1",
        id.as_uuid(),
    )
    .fetch_optional(tx.conn())
    .await?;
    row.map(ApiKey::try_from).transpose()
}

/// Reads a key, and keeps others from changing it before the transaction ends.
///
/// # Errors
/// As [`standing`].
pub(super) async fn lock(tx: &mut TenantTx, id: ApiKeyId) -> Result<Option<ApiKey>, StoreError> {
    let row = sqlx::query_as!(
        Row,
        "select id, name, roles, created_by, created_at, expires_at, rotated_at, revoked_at from api_keys
         where id = $1 for update",
        id.as_uuid(),
    )
    .fetch_optional(tx.conn())
    .await?;
    row.map(ApiKey::try_from).transpose()
}
