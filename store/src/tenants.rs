//! Tenants: their plan and settings. A tenant sees only its own row.

use sba_subjects::id::{TenantId, TenantKey};
use serde_json::{Value, json};
use time::OffsetDateTime;

use crate::{
    StoreError, TenantTx,
    audit::{self, Action, Actor},
    text::{clean, clean_json, to_i64},
};

/// What a tenant is made of.
#[derive(Debug, Clone, PartialEq)]
pub struct NewTenant {
    /// Public key of its NATS account. The transaction must be of [`TenantKey::id`].
    pub account: TenantKey,
    /// Its name, 1 to 200 characters.
    pub name: String,
    /// Its plan, e.g. `standard`.
    pub plan: String,
    /// Model tokens per month; none means unlimited.
    pub quota_tokens: Option<u64>,
    /// Settings, a JSON object.
    pub config: Value,
}

/// A tenant.
#[derive(Debug, Clone, PartialEq)]
pub struct Tenant {
    /// Its id.
    pub id: TenantId,
    /// Public key of its NATS account.
    pub account: TenantKey,
    /// Its name.
    pub name: String,
    /// Its plan.
    pub plan: String,
    /// Model tokens per month; none means unlimited.
    pub quota_tokens: Option<u64>,
    /// Settings, a JSON object.
    pub config: Value,
    /// Grows with every change.
    pub generation: u64,
    /// When it was made.
    pub created_at: OffsetDateTime,
    /// When it was last changed.
    pub updated_at: OffsetDateTime,
    /// When it was deleted, if it was: the row stays as a tombstone.
    pub deleted_at: Option<OffsetDateTime>,
}

impl Tenant {
    /// Days after the end of a run for which its log is kept, where the settings say so.
    #[must_use]
    pub fn retention_days(&self) -> Option<u32> {
        u32::try_from(self.config.get("retention_days")?.as_u64()?).ok()
    }
}

/// Makes the tenant of the transaction, with its audit entry; `false` where it exists.
///
/// # Errors
/// `database_forbidden` when the transaction is another tenant's, `invalid_value`.
pub async fn create(tx: &mut TenantTx, tenant: &NewTenant, actor: &Actor) -> Result<bool, StoreError> {
    let made = sqlx::query!(
        "insert into tenants (id, account, name, plan, quota_tokens, config) values ($1, $2, $3, $4, $5, $6)
         on conflict (id) do nothing",
        tenant.account.id().as_uuid(),
        tenant.account.as_str(),
        clean(&tenant.name),
        clean(&tenant.plan),
        tenant.quota_tokens.map(to_i64),
        clean_json(&tenant.config),
    )
    .execute(tx.conn())
    .await?;
    if made.rows_affected() == 0 {
        return Ok(false);
    }
    let what = json!({"account": tenant.account, "name": tenant.name, "plan": tenant.plan});
    audit::record(tx, actor, Action::TenantCreated, &what).await?;
    Ok(true)
}

/// Reads the tenant of the transaction. A deleted one is still read: see [`Tenant::deleted_at`].
///
/// # Errors
/// Only those of the connection, and `database_unreadable`.
pub async fn get(tx: &mut TenantTx) -> Result<Option<Tenant>, StoreError> {
    let row = sqlx::query!(
        "select id, account, name, plan, quota_tokens, config, generation, created_at, updated_at, deleted_at
         from tenants where id = $1",
        tx.tenant().as_uuid(),
    )
    .fetch_optional(tx.conn())
    .await?;
    let Some(row) = row else { return Ok(None) };
    let account = row.account.parse().map_err(|source| StoreError::Unreadable { column: "account", source })?;
    Ok(Some(Tenant {
        id: TenantId::from_uuid(row.id),
        account,
        name: row.name,
        plan: row.plan,
        quota_tokens: row.quota_tokens.map(i64::unsigned_abs),
        config: row.config,
        generation: row.generation.unsigned_abs(),
        created_at: row.created_at,
        updated_at: row.updated_at,
        deleted_at: row.deleted_at,
    }))
}
