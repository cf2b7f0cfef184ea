//! The servers that an operator's command reaches.

use std::time::Duration;

use async_nats::{Client, jetstream::Context};
use sba_service::{
    config::{Config, Millis},
    log::RunLog,
    metrics::Metrics,
    nats, walk,
};
use sba_store::{DatabaseOptions, Store};

/// Longest wait for a server, however patient a process is configured to be: somebody sits there.
const PATIENCE: Duration = Duration::from_secs(5);

/// NATS, with the credentials of SBA's own processes, and Postgres where there is one.
pub struct Reach {
    /// As a process would read it.
    pub config: Config,
    /// The connection.
    pub client: Client,
    /// JetStream on it.
    pub jetstream: Context,
}

impl Reach {
    /// Connects to NATS.
    ///
    /// # Errors
    /// When no server answers, or it refuses the credentials.
    pub async fn open(mut config: Config) -> anyhow::Result<Self> {
        let patience = config.nats.startup_timeout_ms.duration().min(PATIENCE);
        config.nats.startup_timeout_ms = Millis::new(u64::try_from(patience.as_millis()).unwrap_or(u64::MAX));
        let client = nats::connect(&config.nats, "sba operator", &Metrics::new()?).await?;
        let jetstream = nats::jetstream(client.clone(), &config.nats);
        Ok(Self { config, client, jetstream })
    }

    /// Longest wait for one answer of NATS.
    #[must_use]
    pub fn answer(&self) -> Duration {
        self.config.nats.request_timeout_ms.into()
    }

    /// The logs of runs.
    ///
    /// # Errors
    /// When there are none: no process of SBA was ever started.
    pub async fn log(&self) -> anyhow::Result<RunLog> {
        let shards = self.config.nats.sizing().run_shards;
        for stream in shards.names() {
            walk::known(&self.jetstream, &stream, self.answer()).await?;
        }
        Ok(RunLog::new(self.jetstream.clone(), shards, self.answer()).await?)
    }

    /// Connects to Postgres; `None` where `database.url` is not set.
    ///
    /// # Errors
    /// When it is set and cannot be used now.
    pub async fn store(&self) -> anyhow::Result<Option<Store>> {
        let config = &self.config.database;
        let Some(url) = &config.url else { return Ok(None) };
        let options = DatabaseOptions {
            max_connections: 2,
            acquire_timeout: config.acquire_timeout_ms.duration().min(PATIENCE),
            startup_timeout: config.startup_timeout_ms.duration().min(PATIENCE),
            statement_timeout: config.statement_timeout_ms.into(),
            idle_in_transaction_timeout: config.idle_in_transaction_timeout_ms.into(),
            ..DatabaseOptions::new(url.reveal())
        };
        Ok(Some(Store::connect(&options).await?))
    }
}
