//! Which NATS account a tenant has and what its settings say, asked of Postgres once in a while.

use std::{sync::Arc, time::Duration};

use moka::future::Cache;
use sba_store::{Store, StoreError, tenants};
use sba_subjects::{
    event::TenantSettings,
    id::{TenantId, TenantKey},
};

/// How long an answer is believed: a deleted tenant is locked out after this.
const TTL: Duration = Duration::from_secs(60);

/// How long settings are believed: a change has its effect after this.
const SETTINGS_TTL: Duration = Duration::from_secs(1);

/// Most tenants that are remembered.
const CAPACITY: u64 = 100_000;

/// The tenants that exist.
#[derive(Debug, Clone)]
pub(crate) struct Tenants {
    store: Store,
    known: Cache<TenantId, TenantKey>,
    settings: Cache<TenantId, Arc<TenantSettings>>,
    /// What is believed while Postgres cannot be asked.
    earlier: Cache<TenantId, Arc<TenantSettings>>,
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
    /// The settings are none: they were written by something else than SBA.
    #[error("the tenant's settings cannot be read")]
    Settings(#[source] serde_json::Error),
}

impl Tenants {
    pub(crate) fn new(store: Store) -> Self {
        let known = Cache::builder().max_capacity(CAPACITY).time_to_live(TTL).build();
        let settings = Cache::builder().max_capacity(CAPACITY).time_to_live(SETTINGS_TTL).build();
        let earlier = Cache::builder().max_capacity(CAPACITY).time_to_live(TTL).build();
        Self { store, known, settings, earlier }
    }

    /// The account of a tenant that exists. Many who ask at once cost one query; that there is none is not remembered.
    pub(crate) async fn key(&self, tenant: TenantId) -> Result<TenantKey, Arc<TenantError>> {
        self.known.try_get_with(tenant, self.look_up(tenant)).await
    }

    /// Remembers a tenant that was just made.
    pub(crate) async fn remember(&self, key: TenantKey) {
        self.known.insert(key.id(), key).await;
    }

    /// The settings of a tenant; while Postgres cannot be asked, as they were a short time ago.
    pub(crate) async fn settings(&self, tenant: TenantId) -> Result<Arc<TenantSettings>, Arc<TenantError>> {
        let error = match self.settings.try_get_with(tenant, self.read_settings(tenant)).await {
            Ok(settings) => return Ok(settings),
            Err(error) => error,
        };
        match self.earlier.get(&tenant).await {
            Some(earlier) if matches!(*error, TenantError::Store(_)) => Ok(earlier),
            _ => Err(error),
        }
    }

    async fn read_settings(&self, tenant: TenantId) -> Result<Arc<TenantSettings>, TenantError> {
        let mut tx = self.store.begin(tenant).await?;
        let found = tenants::get(&mut tx).await?.ok_or(TenantError::Unknown)?;
        let settings = serde_json::from_value(found.config).map_err(TenantError::Settings)?;
        let settings = Arc::new(settings);
        self.earlier.insert(tenant, Arc::clone(&settings)).await;
        Ok(settings)
    }

    async fn look_up(&self, tenant: TenantId) -> Result<TenantKey, TenantError> {
        let mut tx = self.store.begin(tenant).await?;
        let found = tenants::get(&mut tx).await?.filter(|tenant| tenant.deleted_at.is_none());
        found.map(|tenant| tenant.account).ok_or(TenantError::Unknown)
    }
}
