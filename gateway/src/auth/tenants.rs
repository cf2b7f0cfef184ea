//! Which NATS account a tenant has and what its settings say, asked of Postgres once in a while.

use std::{sync::Arc, time::Duration};

use sba_store::{Store, StoreError, served_tools, tenants};
use sba_subjects::{
    event::TenantSettings,
    id::{TenantId, TenantKey},
};

use crate::believed::{Believed, Unanswered};

/// How long an answer is believed: a deleted tenant is locked out after this.
const TTL: Duration = Duration::from_secs(60);

/// How long settings are believed: a change has its effect after this.
const SETTINGS_TTL: Duration = Duration::from_secs(1);

/// The tenants that exist.
#[derive(Debug, Clone)]
pub(crate) struct Tenants {
    store: Store,
    known: Believed<TenantId, TenantKey>,
    settings: Believed<TenantId, Arc<TenantSettings>>,
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

impl Unanswered for TenantError {
    fn is_away(&self) -> bool {
        matches!(self, Self::Store(_))
    }
}

impl Tenants {
    pub(crate) fn new(store: Store) -> Self {
        Self { store, known: Believed::new(TTL), settings: Believed::new(SETTINGS_TTL) }
    }

    /// The account of a tenant that exists; while Postgres cannot be asked, of one that did.
    pub(crate) async fn key(&self, tenant: TenantId) -> Result<TenantKey, Arc<TenantError>> {
        self.known.get(tenant, self.look_up(tenant)).await
    }

    /// Remembers a tenant that was just made.
    pub(crate) async fn remember(&self, key: TenantKey) {
        self.known.insert(key.id(), key).await;
    }

    /// The settings of a tenant; while Postgres cannot be asked, as they were.
    pub(crate) async fn settings(&self, tenant: TenantId) -> Result<Arc<TenantSettings>, Arc<TenantError>> {
        self.settings.get(tenant, self.read_settings(tenant)).await
    }

    async fn read_settings(&self, tenant: TenantId) -> Result<Arc<TenantSettings>, TenantError> {
        let mut tx = self.store.begin(tenant).await?;
        let found = tenants::get(&mut tx).await?.ok_or(TenantError::Unknown)?;
        let settings = serde_json::from_value(found.config).map_err(TenantError::Settings)?;
        let served = served_tools::list(&mut tx).await?;
        Ok(Arc::new(TenantSettings { served, ..settings }))
    }

    async fn look_up(&self, tenant: TenantId) -> Result<TenantKey, TenantError> {
        let mut tx = self.store.begin(tenant).await?;
        let found = tenants::get(&mut tx).await?.filter(|tenant| tenant.deleted_at.is_none());
        found.map(|tenant| tenant.account).ok_or(TenantError::Unknown)
    }
}
