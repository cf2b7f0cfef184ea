//! `[accounts]`

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Millis, findings::Findings};

/// What mints a NATS account for each tenant, and what tenants' clients may do there. Only the gateway needs it.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct AccountsConfig {
    /// File with the operator's seed, which signs accounts. Unset: this gateway cannot create tenants, nor give credentials.
    pub operator_seed: Option<PathBuf>,
    /// Credentials file of a user of the system account, which pushes accounts to the servers.
    pub system_credentials: Option<PathBuf>,
    /// Where tenants' clients reach the NATS servers, separated by commas: `nats://`, `tls://`, `ws://` or `wss://`. Unset:
    /// `nats.url`.
    pub public_url: Option<String>,
    /// Connections of one tenant's clients at the same time.
    pub max_connections: u32,
    /// Subscriptions of one tenant's clients, all connections together.
    pub max_subscriptions: u32,
    /// Credentials of one tenant that hold at the same time; more are refused with 409.
    pub max_credentials: u32,
    /// Seconds that credentials last when the client names no number.
    pub credentials_ttl_seconds: u32,
    /// Most seconds that a client may ask credentials to last.
    pub credentials_max_ttl_seconds: u32,
    /// Feeds of all tenants together, on each of the streams that keep the logs of runs; more are refused with 503.
    pub max_feeds: u32,
    /// Time after which a feed that nobody reads is removed, with its position, in milliseconds.
    pub feed_idle_ms: Millis,
    /// Time after which a message of a feed that was not acknowledged is delivered again, in milliseconds.
    pub feed_ack_wait_ms: Millis,
    /// Messages of one feed that are delivered and not acknowledged at the same time.
    pub feed_max_ack_pending: u32,
    /// Tools that one tenant may serve; more are refused with 409.
    pub max_tools: u32,
    /// Largest JSON Schema of the parameters of such a tool, in bytes.
    pub max_tool_schema_bytes: usize,
    /// Longest deadline that such a tool may be registered with, in milliseconds.
    pub max_tool_deadline_ms: Millis,
    /// Time after which a call that its worker says nothing of is given to another, in milliseconds.
    pub tool_ack_wait_ms: Millis,
    /// Time after which the consumer of a tool whose calls nobody asks for is removed, in milliseconds. The calls stay.
    pub tool_idle_ms: Millis,
}

impl Default for AccountsConfig {
    fn default() -> Self {
        Self {
            operator_seed: None,
            system_credentials: None,
            public_url: None,
            max_connections: 1_000,
            max_subscriptions: 10_000,
            max_credentials: 1_000,
            credentials_ttl_seconds: 3_600,
            credentials_max_ttl_seconds: 86_400,
            max_feeds: 500,
            feed_idle_ms: Millis::new(3_600_000),
            feed_ack_wait_ms: Millis::new(30_000),
            feed_max_ack_pending: 1_000,
            max_tools: 16,
            max_tool_schema_bytes: 8 * 1024,
            max_tool_deadline_ms: Millis::new(3_600_000),
            tool_ack_wait_ms: Millis::new(30_000),
            tool_idle_ms: Millis::new(3_600_000),
        }
    }
}

impl AccountsConfig {
    pub(super) fn check(&self, mut to: Findings<'_>) {
        to.file("operator_seed", self.operator_seed.as_deref());
        to.file("system_credentials", self.system_credentials.as_deref());
        let both = self.operator_seed.is_some() == self.system_credentials.is_some();
        to.require("system_credentials", both, "is needed together with operator_seed");
        for server in self.public_url.iter().flat_map(|urls| urls.split(',')) {
            to.scheme("public_url", server.trim(), &["nats://", "tls://", "ws://", "wss://"]);
        }
        to.range("max_connections", self.max_connections, 1..=1_000_000);
        to.range("max_subscriptions", self.max_subscriptions, 16..=10_000_000);
        // What was taken back stands in the account's token, which travels in one message.
        to.range("max_credentials", self.max_credentials, 1..=5_000);
        to.range("credentials_max_ttl_seconds", self.credentials_max_ttl_seconds, 60..=2_592_000);
        to.range(
            "credentials_ttl_seconds",
            self.credentials_ttl_seconds,
            60..=self.credentials_max_ttl_seconds.max(60),
        );
        to.range("max_feeds", self.max_feeds, 1..=1_000_000);
        to.range("feed_idle_ms", self.feed_idle_ms.get(), 10_000..=604_800_000);
        to.range("feed_ack_wait_ms", self.feed_ack_wait_ms.get(), 100..=3_600_000);
        to.range("feed_max_ack_pending", self.feed_max_ack_pending, 1..=100_000);
        // All tools of a tenant stand in each of its runs.
        to.range("max_tools", self.max_tools, 1..=64);
        to.range("max_tool_schema_bytes", self.max_tool_schema_bytes, 256..=16_384);
        to.range("max_tool_deadline_ms", self.max_tool_deadline_ms.get(), 1_000..=86_400_000);
        to.range("tool_ack_wait_ms", self.tool_ack_wait_ms.get(), 100..=3_600_000);
        to.range("tool_idle_ms", self.tool_idle_ms.get(), 10_000..=604_800_000);
    }
}
