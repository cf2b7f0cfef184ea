//! `[database]`

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Millis, Secret, findings::Findings};

/// Postgres, with the `vector` extension.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct DatabaseConfig {
    /// Address for the application's role, which owns nothing: `postgres://user:password@host:port/name`. A secret.
    pub url: Option<Secret>,
    /// Address for the role that owns the tables; only `sba migrate` uses it. A secret.
    pub migrate_url: Option<Secret>,
    /// Most connections that one process opens.
    pub max_connections: u32,
    /// Longest wait for a connection from the pool, in milliseconds.
    pub acquire_timeout_ms: Millis,
    /// Longest wait for the first connection when a process starts, in milliseconds.
    pub startup_timeout_ms: Millis,
    /// Longest time that one statement may run, in milliseconds.
    pub statement_timeout_ms: Millis,
    /// Longest time that a transaction may sit idle before the server ends it, in milliseconds.
    pub idle_in_transaction_timeout_ms: Millis,
}

impl Default for DatabaseConfig {
    fn default() -> Self {
        Self {
            url: None,
            migrate_url: None,
            max_connections: 10,
            acquire_timeout_ms: Millis::new(5_000),
            startup_timeout_ms: Millis::new(15_000),
            statement_timeout_ms: Millis::new(30_000),
            idle_in_transaction_timeout_ms: Millis::new(30_000),
        }
    }
}

impl DatabaseConfig {
    pub(super) fn check(&self, mut to: Findings<'_>) {
        for (field, url) in [("url", &self.url), ("migrate_url", &self.migrate_url)] {
            let postgres =
                |url: &Secret| url.reveal().starts_with("postgres://") || url.reveal().starts_with("postgresql://");
            // The address holds a password: the finding must not repeat it.
            to.require(field, url.as_ref().is_none_or(postgres), "expected postgres://…");
        }
        to.range("max_connections", self.max_connections, 1..=1_000);
        to.range("acquire_timeout_ms", self.acquire_timeout_ms.get(), 50..=120_000);
        to.range("startup_timeout_ms", self.startup_timeout_ms.get(), 50..=600_000);
        to.range("statement_timeout_ms", self.statement_timeout_ms.get(), 50..=3_600_000);
        let idle = self.idle_in_transaction_timeout_ms.get();
        to.range("idle_in_transaction_timeout_ms", idle, 50..=3_600_000);
    }
}
