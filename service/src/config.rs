//! Configuration: defaults, then a TOML file, then `SBA_…` variables.
//!
//! Each section is a struct of its own. A variable's name is the setting's path in capitals with `__` between
//! levels: `SBA_NATS__URL` is `nats.url`. Unknown settings are errors, wherever they stand.

mod accounts;
mod auth;
mod blobs;
mod database;
mod error;
mod findings;
mod gateway;
mod issuer;
mod knowledge;
mod layers;
mod millis;
mod model;
mod nats;
mod orchestrator;
mod purpose;
mod runtime;
mod schema;
mod secret;
mod shares;
mod shutdown;
mod sweeper;
mod telemetry;
#[cfg(test)]
mod tests;
mod tools;
mod worker;

use std::path::Path;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::findings::Findings;
pub use self::{
    accounts::AccountsConfig,
    auth::AuthConfig,
    blobs::BlobsConfig,
    database::DatabaseConfig,
    error::ConfigError,
    findings::Finding,
    gateway::{GatewayConfig, MAX_PAGE_SIZE},
    issuer::{IssuerConfig, TokenAlgorithm},
    knowledge::{Embedder, KnowledgeConfig, LANGUAGES, MAX_TOP_K},
    millis::Millis,
    model::{FallbackConfig, ModelConfig, ModelProvider, ScriptedCall, ScriptedConfig, ScriptedFailure, ToolCalls},
    nats::NatsConfig,
    orchestrator::{MAX_RETENTION_DAYS, OrchestratorConfig},
    purpose::Purpose,
    runtime::RuntimeConfig,
    schema::{default_file, schema},
    secret::{Secret, SecretError},
    shares::SharesConfig,
    shutdown::ShutdownConfig,
    sweeper::SweeperConfig,
    telemetry::{LogFormat, TelemetryConfig},
    tools::{ToolConfig, ToolsConfig, Tries},
    worker::{QueueConcurrency, WorkerConfig},
};

/// Everything that a process of SBA can be told. A process ignores the sections it does not use.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The connection to NATS.
    pub nats: NatsConfig,
    /// Postgres, with the `vector` extension.
    pub database: DatabaseConfig,
    /// Where documents and artifacts are kept: a folder, or a bucket of any S3-compatible store.
    pub blobs: BlobsConfig,
    /// The HTTP and WebSocket side.
    pub gateway: GatewayConfig,
    /// Who drives runs, and how.
    pub orchestrator: OrchestratorConfig,
    /// Who does the jobs.
    pub worker: WorkerConfig,
    /// How much of each queue one tenant may fill.
    pub shares: SharesConfig,
    /// How calls of tools are tried.
    pub tools: ToolsConfig,
    /// What is removed once nobody needs it, and given out again when it was lost. One worker sweeps for all.
    pub sweeper: SweeperConfig,
    /// The language model.
    pub model: ModelConfig,
    /// How documents are taken in and found again.
    pub knowledge: KnowledgeConfig,
    /// The tokens that clients show.
    pub auth: AuthConfig,
    /// What mints a NATS account for each tenant, and what tenants' clients may do there. Only the gateway needs it.
    pub accounts: AccountsConfig,
    /// Logs, traces and metrics.
    pub telemetry: TelemetryConfig,
    /// How a process uses the machine.
    pub runtime: RuntimeConfig,
    /// How a process ends.
    pub shutdown: ShutdownConfig,
}

impl Config {
    /// Reads the file, if one is given, and the process's `SBA_…` variables over the defaults.
    ///
    /// # Errors
    /// If the file cannot be read, is not TOML, or a setting is unknown or of the wrong type. Ranges and paths
    /// are the business of [`Config::check`].
    pub fn load(file: Option<&Path>) -> Result<Self, ConfigError> {
        layers::load(file, layers::process_variables())
    }

    /// As [`Config::load`], with the variables given instead of those of the process.
    ///
    /// # Errors
    /// As [`Config::load`].
    pub fn load_with(
        file: Option<&Path>,
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        layers::load(file, variables)
    }

    /// Finds what types cannot say: values out of range, unreadable files, settings that need another.
    ///
    /// # Errors
    /// [`ConfigError::Check`] with every finding, not only the first.
    pub fn check(&self) -> Result<(), ConfigError> {
        findings::report(self.findings())
    }

    /// As [`Config::check`], and finds what a process of this kind cannot do without.
    ///
    /// # Errors
    /// As [`Config::check`].
    pub fn check_for(&self, purpose: Purpose) -> Result<(), ConfigError> {
        let mut all = self.findings();
        purpose.check(self, &mut all);
        findings::report(all)
    }

    fn findings(&self) -> Vec<Finding> {
        let mut all = Vec::new();
        self.nats.check(Findings::new("nats", &mut all));
        self.database.check(Findings::new("database", &mut all));
        self.blobs.check(Findings::new("blobs", &mut all));
        self.gateway.check(Findings::new("gateway", &mut all));
        self.orchestrator.check(Findings::new("orchestrator", &mut all));
        self.worker.check(Findings::new("worker", &mut all));
        self.shares.check(Findings::new("shares", &mut all));
        self.tools.check(Findings::new("tools", &mut all));
        self.sweeper.check(self, Findings::new("sweeper", &mut all));
        self.model.check(Findings::new("model", &mut all));
        self.knowledge.check(Findings::new("knowledge", &mut all));
        self.auth.check(Findings::new("auth", &mut all));
        self.accounts.check(Findings::new("accounts", &mut all));
        self.telemetry.check(Findings::new("telemetry", &mut all));
        self.runtime.check(Findings::new("runtime", &mut all));
        self.shutdown.check(Findings::new("shutdown", &mut all));
        // SBA's own consumers need some of a stream's.
        Findings::new("accounts", &mut all).require(
            "max_feeds",
            self.accounts.max_feeds < self.nats.max_consumers,
            "must be smaller than nats.max_consumers: a feed is a consumer",
        );
        // A key whose run has lost its log would start another.
        Findings::new("orchestrator", &mut all).require(
            "retention_days",
            self.orchestrator.retention_days.saturating_mul(24) >= self.gateway.idempotency_hours,
            "must be at least gateway.idempotency_hours: a key is good while its run has a log",
        );
        all
    }
}
