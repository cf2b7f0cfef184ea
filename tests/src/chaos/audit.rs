//! What must hold after each fault, once all runs have ended.

mod effects;
mod log;
mod projection;
mod rest;

use std::collections::BTreeMap;

use async_nats::jetstream::{self, Context};
use sba_store::{DatabaseOptions, Store};
use sba_subjects::{
    id::{RunId, TenantKey},
    state::RunState,
};
use sqlx::PgPool;

use self::rest::Baseline;
use super::{client::Told, site::Site};

/// A run as its log says, whole.
struct Logged {
    tenant: TenantKey,
    state: RunState,
}

/// The auditor. It reads each message of the log once.
pub struct Audit {
    jetstream: Context,
    store: Store,
    /// For tables that have no reader of their own for many runs at once.
    owner: PgPool,
    /// Where it goes on reading.
    position: u64,
    /// The runs that have not ended, and those that have ended since the last audit.
    runs: BTreeMap<RunId, Logged>,
    baseline: Option<Baseline>,
}

/// What an audit has looked at.
#[derive(Debug, Clone, Copy, Default)]
pub struct Looked {
    /// Runs.
    pub runs: usize,
    /// Events.
    pub events: u64,
    /// Effects in the ledger.
    pub effects: usize,
}

impl Audit {
    /// An audit of an installation of which nothing was looked at yet.
    ///
    /// # Errors
    /// When it cannot be reached.
    pub async fn new(site: &Site) -> anyhow::Result<Self> {
        let jetstream = jetstream::new(site.stack.hub().connect().await?);
        let store = Store::connect(&DatabaseOptions::new(&site.stack.database().app_url)).await?;
        let owner = PgPool::connect(&site.stack.database().owner_url).await?;
        Ok(Self { jetstream, store, owner, position: 0, runs: BTreeMap::new(), baseline: None })
    }

    /// Looks at everything again: the log is another one.
    pub fn forget(&mut self) {
        self.position = 0;
        self.runs.clear();
    }

    /// Looks at what happened since the last time. Nothing may be in flight.
    ///
    /// # Errors
    /// The first thing that is not as it must be.
    pub async fn check(&mut self, site: &mut Site, told: &[Told]) -> anyhow::Result<Looked> {
        site.ready().await?;
        let events = self.read_log().await?;
        self.all_ended(told)?;
        let effects = self.effects(&site.world)?;
        self.created_tasks(&site.world).await?;
        self.projected().await?;
        self.nothing_is_left(site).await?;
        let looked = Looked { runs: self.runs.len(), events, effects };
        self.runs.clear();
        Ok(looked)
    }
}
