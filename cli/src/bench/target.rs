//! The installation that is measured: one of the bench's own, or one that runs already.

use std::path::PathBuf;

use anyhow::Context as _;
use sba_gateway::auth::Role;
use sba_service::{clock::SystemClock, config::NatsConfig, ids::TimeOrderedIds, metrics::Metrics, nats};
use sba_subjects::id::{TenantId, UserId};

use crate::{
    client::Client,
    local::{Stack, StackOptions},
};

/// An installation that runs already.
#[derive(Debug, Clone)]
pub struct Running {
    /// Its gateway.
    pub url: String,
    /// A token of one of its tenants.
    pub token: String,
    /// Its NATS server, for the bare figures.
    pub nats: Option<NatsAt>,
}

/// A NATS server, and how to get in.
#[derive(Debug, Clone)]
pub struct NatsAt {
    /// Its URL, or several with commas between them.
    pub url: String,
    /// A credentials file; none where the server asks for none.
    pub credentials: Option<PathBuf>,
}

/// What is measured. An installation of the bench's own ends with it.
pub(super) struct Target {
    pub(super) client: Client,
    nats: Option<NatsAt>,
    pub(super) stack: Option<Stack>,
}

impl Target {
    /// The running installation, or a new one with a new tenant.
    pub(super) async fn reach(running: Option<&Running>, options: StackOptions) -> anyhow::Result<Self> {
        if let Some(running) = running {
            let client = Client::new(running.url.as_str(), running.token.as_str())?;
            return Ok(Self { client, nats: running.nats.clone(), stack: None });
        }
        let stack = Stack::start(options, |what| eprintln!("{what}")).await;
        let stack = stack.context("the installation could not be started")?;
        let user: UserId = TimeOrderedIds::shared(SystemClock::shared()).make();
        let operator = Client::new(stack.url(), stack.token(None, user, &[Role::Operator])?)?;
        let tenant = TenantId::from_uuid(operator.create_tenant("Bench").await?);
        let client = Client::new(stack.url(), stack.token(Some(tenant), user, &[Role::Member])?)?;
        let hub = stack.hub();
        let nats = NatsAt { url: hub.url().to_owned(), credentials: Some(hub.credentials().to_owned()) };
        Ok(Self { client, nats: Some(nats), stack: Some(stack) })
    }

    /// A connection to the installation's NATS server, where it is known.
    pub(super) async fn nats(&self) -> anyhow::Result<Option<async_nats::Client>> {
        let Some(at) = &self.nats else { return Ok(None) };
        let config = NatsConfig { url: at.url.clone(), credentials: at.credentials.clone(), ..NatsConfig::default() };
        Ok(Some(nats::connect(&config, "sba-bench", &Metrics::new()?).await?))
    }
}
