//! Transactions. Nothing in this crate can begin one without saying for which tenant.

use sba_subjects::id::TenantId;
use sqlx::{PgConnection, Postgres, Transaction};

use crate::{Store, StoreError};

/// What is projected can be projected again: the log is the truth, and the position is stored in the same transaction
/// as the rows, so a crash of the server takes both back together. And a projector that is frozen half way through must
/// not stop the next one for long.
///
/// A plan that was made for small tables, and kept, reads all of a tenant's rows for each batch when they have grown.
const PROJECTION: &str = "set local synchronous_commit = off; set local idle_in_transaction_session_timeout = '5s'; \
    set local plan_cache_mode = force_custom_plan";

/// A transaction that sees and writes the rows of one tenant. Dropped without a commit, it changes nothing.
#[derive(Debug)]
pub struct TenantTx {
    tx: Transaction<'static, Postgres>,
    tenant: TenantId,
}

impl TenantTx {
    /// The tenant.
    #[must_use]
    pub const fn tenant(&self) -> TenantId {
        self.tenant
    }

    /// Makes everything that was done in it lasting.
    ///
    /// # Errors
    /// On an error of the connection it is unknown whether it was made.
    pub async fn commit(self) -> Result<(), StoreError> {
        Ok(self.tx.commit().await?)
    }

    pub(crate) fn conn(&mut self) -> &mut PgConnection {
        &mut self.tx
    }
}

/// The projector's transaction: one batch of the log, over many tenants, and the position behind it.
#[derive(Debug)]
pub struct ProjectionTx(TenantTx);

impl ProjectionTx {
    /// Turns to another tenant. `None` when Postgres does not know the tenant: what belongs to it cannot be
    /// stored.
    ///
    /// # Errors
    /// Only those of the connection.
    pub async fn enter(&mut self, tenant: TenantId) -> Result<Option<&mut TenantTx>, StoreError> {
        set_tenant(self.0.conn(), tenant).await?;
        self.0.tenant = tenant;
        let known =
            sqlx::query_scalar!(r#"select exists (select from tenants where id = $1) as "known!""#, tenant.as_uuid())
                .fetch_one(self.0.conn())
                .await?;
        Ok(known.then_some(&mut self.0))
    }

    /// Makes rows and position lasting together.
    ///
    /// # Errors
    /// On an error of the connection it is unknown whether it was made: read the position again.
    pub async fn commit(self) -> Result<(), StoreError> {
        self.0.commit().await
    }

    pub(crate) fn conn(&mut self) -> &mut PgConnection {
        self.0.conn()
    }
}

impl Store {
    /// Begins a transaction of a tenant.
    ///
    /// # Errors
    /// `database_unreachable` or `database_busy` when no connection can be had in time.
    pub async fn begin(&self, tenant: TenantId) -> Result<TenantTx, StoreError> {
        // A UUID is hexadecimal digits and hyphens, whatever its bits.
        let tx = self.begin_with(&format!("set local app.current_tenant = '{}'", tenant.as_uuid())).await?;
        Ok(TenantTx { tx, tenant })
    }

    /// Begins a transaction for a batch of the log. It sees no tenant's rows until it enters one.
    ///
    /// # Errors
    /// As [`Store::begin`].
    pub async fn begin_projection(&self) -> Result<ProjectionTx, StoreError> {
        let tx = self.begin_with(PROJECTION).await?;
        Ok(ProjectionTx(TenantTx { tx, tenant: TenantId::from_uuid(uuid::Uuid::nil()) }))
    }
}

async fn set_tenant(conn: &mut PgConnection, tenant: TenantId) -> Result<(), StoreError> {
    sqlx::query!("select set_tenant($1)", tenant.as_uuid()).execute(conn).await?;
    Ok(())
}
