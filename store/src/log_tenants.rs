//! The tenants that have runs in the log: whoever looks after the log looks after them all.

use sba_subjects::id::TenantId;

use crate::{ProjectionTx, StoreError};

/// Notes that a tenant has runs in the log. The transaction must have entered it.
///
/// # Errors
/// Only those of the connection.
pub async fn note(tx: &mut ProjectionTx, tenant: TenantId) -> Result<(), StoreError> {
    sqlx::query!("insert into log_tenants (tenant_id) values ($1) on conflict do nothing", tenant.as_uuid())
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Tenants that have runs in the log, in the order of their ids, behind one of them.
///
/// # Errors
/// Only those of the connection.
pub async fn after(tx: &mut ProjectionTx, tenant: Option<TenantId>, most: u32) -> Result<Vec<TenantId>, StoreError> {
    let rows = sqlx::query_scalar!(
        "select tenant_id from log_tenants where $1::uuid is null or tenant_id > $1 order by tenant_id limit $2",
        tenant.map(|tenant| tenant.as_uuid()),
        i64::from(most),
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(rows.into_iter().map(TenantId::from_uuid).collect())
}
