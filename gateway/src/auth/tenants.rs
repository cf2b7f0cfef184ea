//! Which NATS account a tenant has and what its settings say, asked of Postgres once in a while.

use std::{sync::Arc, time::Duration};

use moka::future::Cache;
use sba_store::{Store, StoreError, served_tools, tenants};
use sba_subjects::{
    event::TenantSettings,
    id::{TenantId, TenantKey},
};

/// How long an answer is believed: a deleted tenant is locked out after this.
const TTL: Duration = Duration::from_secs(60);

/// How long settings are believed: a change has its effect after this.
const SETTINGS_TTL: Duration = Duration::from_secs(1);

/// How long either is believed while Postgres cannot be asked.
const EARLIER_TTL: Duration = Duration::from_secs(24 * 3_600);

/// Most tenants that are remembered.
const CAPACITY: u64 = 100_000;

/// The tenants that exist.
#[derive(Debug, Clone)]
pub(crate) struct Tenants {
    store: Store,
    known: Cache<TenantId, TenantKey>,
    settings: Cache<TenantId, Arc<TenantSettings>>,
    /// What is believed while Postgres cannot be asked.
    earlier: Earlier,
}

/// The latest answers of Postgres.
#[derive(Debug, Clone)]
struct Earlier {
    known: Cache<TenantId, TenantKey>,
    settings: Cache<TenantId, Arc<TenantSettings>>,
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
        let earlier = Earlier { known: cache(EARLIER_TTL), settings: cache(EARLIER_TTL) };
        Self { store, known: cache(TTL), settings: cache(SETTINGS_TTL), earlier }
    }

    /// The account of a tenant that exists; while Postgres cannot be asked, of one that did. Many who ask at once cost one
    /// query; that there is none is not remembered.
    pub(crate) async fn key(&self, tenant: TenantId) -> Result<TenantKey, Arc<TenantError>> {
        let found = self.known.try_get_with(tenant, self.look_up(tenant)).await;
        or_earlier(found, &self.earlier.known, tenant).await
    }

    /// Remembers a tenant that was just made.
    pub(crate) async fn remember(&self, key: TenantKey) {
        self.earlier.known.insert(key.id(), key.clone()).await;
        self.known.insert(key.id(), key).await;
    }

    /// The settings of a tenant; while Postgres cannot be asked, as they were.
    pub(crate) async fn settings(&self, tenant: TenantId) -> Result<Arc<TenantSettings>, Arc<TenantError>> {
        let found = self.settings.try_get_with(tenant, self.read_settings(tenant)).await;
        or_earlier(found, &self.earlier.settings, tenant).await
    }

    async fn read_settings(&self, tenant: TenantId) -> Result<Arc<TenantSettings>, TenantError> {
        let mut tx = self.store.begin(tenant).await?;
        let found = tenants::get(&mut tx).await?.ok_or(TenantError::Unknown)?;
        let settings = serde_json::from_value(found.config).map_err(TenantError::Settings)?;
        let served = served_tools::list(&mut tx).await?;
        let settings = Arc::new(TenantSettings { served, ..settings });
        self.earlier.settings.insert(tenant, Arc::clone(&settings)).await;
        Ok(settings)
    }

    async fn look_up(&self, tenant: TenantId) -> Result<TenantKey, TenantError> {
        let mut tx = self.store.begin(tenant).await?;
        let found = tenants::get(&mut tx).await?.filter(|tenant| tenant.deleted_at.is_none());
        let Some(found) = found else {
            self.earlier.known.invalidate(&tenant).await;
            return Err(TenantError::Unknown);
        };
        self.earlier.known.insert(tenant, found.account.clone()).await;
        Ok(found.account)
    }
}

fn cache<T: Clone + Send + Sync + 'static>(ttl: Duration) -> Cache<TenantId, T> {
    Cache::builder().max_capacity(CAPACITY).time_to_live(ttl).build()
}

/// What was found; the earlier answer, where Postgres did not give one.
async fn or_earlier<T: Clone + Send + Sync + 'static>(
    found: Result<T, Arc<TenantError>>,
    earlier: &Cache<TenantId, T>,
    tenant: TenantId,
) -> Result<T, Arc<TenantError>> {
    match found {
        Err(error) if matches!(*error, TenantError::Store(_)) => earlier.get(&tenant).await.ok_or(error),
        found => found,
    }
}
