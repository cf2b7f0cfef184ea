//! Which NATS account a tenant has, asked of Postgres once in a while.

use std::{sync::Arc, time::Duration};

use moka::future::Cache;
use sba_store::{Store, StoreError, tenants};
use sba_subjects::id::{TenantId, TenantKey};

/// How long an answer is believed: a deleted tenant is locked out after this.
const TTL: Duration = Duration::from_secs(60);

/// Most tenants that are remembered.
const CAPACITY: u64 = 100_000;

/// The tenants that exist.
#[derive(Debug, Clone)]
pub(crate) struct Tenants {
    store: Store,
    known: Cache<TenantId, TenantKey>,
}

/// Why a tenant's account is not known.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TenantError {
    /// There is no such tenant, or it was deleted.
    #[error("there is no such tenant")]
    Unknown,
    /// Postgres could not be asked.
    #[error("the tenant could not be looked up")]
    Store(#[from] StoreError),
}

impl Tenants {
    pub(crate) fn new(store: Store) -> Self {
        Self { store, known: Cache::builder().max_capacity(CAPACITY).time_to_live(TTL).build() }
    }

    /// The account of a tenant that exists. Many who ask at once cost one query; that there is none is not remembered.
    pub(crate) async fn key(&self, tenant: TenantId) -> Result<TenantKey, Arc<TenantError>> {
        self.known.try_get_with(tenant, self.look_up(tenant)).await
    }

    /// Remembers a tenant that was just made.
    pub(crate) async fn remember(&self, key: TenantKey) {
        self.known.insert(key.id(), key).await;
    }

    async fn look_up(&self, tenant: TenantId) -> Result<TenantKey, TenantError> {
        let mut tx = self.store.begin(tenant).await?;
        let found = tenants::get(&mut tx).await?.filter(|tenant| tenant.deleted_at.is_none());
        found.map(|tenant| tenant.account).ok_or(TenantError::Unknown)
    }
}
