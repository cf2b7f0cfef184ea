//! What every handler can reach.

use std::{ops::Deref, sync::Arc, time::Duration};

use async_nats::jetstream::Context;
use sba_service::{clock::Clock, config::Config, ids::Ids, log::RunLog, metrics::Metrics, shares::Shares};
use sba_store::{Store, blob::Blobs};

use crate::{
    auth::{ApiKeys, Issuers, TenantNames, Tenants, Verifier},
    direct::Callers,
    mint::Mint,
    places::Places,
    sessions::Sessions,
    stream::Hub,
};

/// The gateway, as its handlers see it. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct App(Arc<Parts>);

/// What the gateway is made of.
#[derive(Debug)]
pub(crate) struct Parts {
    pub(crate) config: Config,
    /// Address under which clients reach this gateway, without a slash at its end.
    pub(crate) public_url: String,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: Arc<dyn Ids>,
    pub(crate) metrics: Metrics,
    pub(crate) verifier: Verifier,
    pub(crate) issuers: Issuers,
    pub(crate) api_keys: ApiKeys,
    pub(crate) tenants: Tenants,
    pub(crate) tenant_names: TenantNames,
    pub(crate) sessions: Sessions,
    /// Those who were let in on NATS.
    pub(crate) callers: Callers,
    /// What makes NATS accounts; `None` where this gateway may not.
    pub(crate) mint: Option<Mint>,
    pub(crate) store: Store,
    pub(crate) blobs: Blobs,
    pub(crate) jetstream: Context,
    /// What tenants may fill of the queues.
    pub(crate) shares: Shares,
    pub(crate) log: RunLog,
    pub(crate) hub: Hub,
    /// For the uploads that are taken at the same time.
    pub(crate) uploads: Places,
    /// For the requests that are worked on at the same time.
    pub(crate) requests: Places,
}

impl App {
    pub(crate) fn new(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }

    /// How long an idempotency key answers with what it made the first time.
    pub(crate) fn key_lifetime(&self) -> Duration {
        Duration::from_secs(u64::from(self.config.gateway.idempotency_hours) * 3_600)
    }
}

impl Deref for App {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}
