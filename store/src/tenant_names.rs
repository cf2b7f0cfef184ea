//! What issuers of tokens call a tenant.

use sba_subjects::id::TenantId;

use crate::{Store, StoreError, TenantTx};

/// A name of a tenant.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct TenantName {
    /// The issuer, as its tokens name it; 1 to 500 characters.
    pub issuer: String,
    /// What it calls the tenant; 1 to 255 characters.
    pub name: String,
}

impl Store {
    /// The tenant that an issuer calls so. It is all that is told of tenants by their names.
    ///
    /// # Errors
    /// As [`Store::begin`].
    pub async fn tenant_named(&self, issuer: &str, name: &str) -> Result<Option<TenantId>, StoreError> {
        // Postgres takes no such text, so nothing is called so.
        if issuer.contains('\0') || name.contains('\0') {
            return Ok(None);
        }
        let mut tx = self.begin_with("set transaction read only").await?;
        let id = sqlx::query_scalar!("select tenant_named($1, $2)", issuer, name).fetch_one(&mut *tx).await?;
        Ok(id.map(TenantId::from_uuid))
    }
}

/// Gives the tenant of the transaction a name.
///
/// # Errors
/// `conflict` when a tenant is called so, `missing_reference` when the tenant does not exist, `invalid_value`.
pub async fn add(tx: &mut TenantTx, name: &TenantName) -> Result<(), StoreError> {
    sqlx::query!(
        "insert into tenant_names (tenant_id, issuer, name) values ($1, $2, $3)",
        tx.tenant().as_uuid(),
        name.issuer,
        name.name,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// The names of the tenant of the transaction.
///
/// # Errors
/// Only those of the connection.
pub async fn list(tx: &mut TenantTx) -> Result<Vec<TenantName>, StoreError> {
    let rows = sqlx::query_as!(TenantName, "select issuer, name from tenant_names order by issuer, name");
    Ok(rows.fetch_all(tx.conn()).await?)
}
