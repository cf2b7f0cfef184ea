//! `[nats]`

use std::path::PathBuf;

use sba_subjects::stream::{Shards, Sizing};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Millis, findings::Findings};

/// The connection to NATS.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct NatsConfig {
    /// Servers of one cluster, separated by commas: `nats://` or `tls://`.
    pub url: String,
    /// Credentials file of the user that SBA's own processes share. Unset: connect without.
    pub credentials: Option<PathBuf>,
    /// File with certificate authorities (PEM) to trust besides those of the system.
    pub tls_ca: Option<PathBuf>,
    /// Copies of each stream and bucket: 1 on a single server, 3 or 5 on a cluster.
    pub replicas: usize,
    /// Most bytes that each stream keeps; a full stream refuses what is new. Unset: as many as the servers have room for.
    pub max_stream_bytes: Option<u64>,
    /// Largest message of a stream, in bytes, its headers included. The servers' own limit must not be smaller.
    pub max_message_bytes: u32,
    /// Most consumers of one stream.
    pub max_consumers: u32,
    /// Most bytes of kept answers of models, of all tenants together; the oldest go first.
    pub answers_bytes: u64,
    /// How long an answer of a model is kept, in milliseconds.
    pub answers_age_ms: Millis,
    /// Streams that the logs of runs are spread over, 1 to 256: more where every write is synced to disks that take several at a time. It is fixed when the streams are first made, and the same for all processes.
    pub run_shards: u32,
    /// Longest wait for one attempt to connect, in milliseconds.
    pub connect_timeout_ms: Millis,
    /// Longest wait for the first connection when a process starts, all attempts together, in milliseconds.
    pub startup_timeout_ms: Millis,
    /// Longest wait for the answer to a request or the acknowledgement of a publish, in milliseconds.
    pub request_timeout_ms: Millis,
    /// Time between pings; a connection that misses two answers is given up. In milliseconds.
    pub ping_interval_ms: Millis,
    /// Shortest pause before a new attempt to reconnect, in milliseconds; it doubles each time, with jitter.
    pub reconnect_min_ms: Millis,
    /// Longest pause before a new attempt to reconnect, in milliseconds.
    pub reconnect_max_ms: Millis,
    /// Messages that one subscription holds before the surplus is dropped and reported.
    pub subscription_capacity: usize,
    /// Commands (publishes, subscriptions) that wait for the connection before senders must wait.
    pub send_capacity: usize,
}

impl Default for NatsConfig {
    fn default() -> Self {
        Self {
            url: "nats://127.0.0.1:4222".to_owned(),
            credentials: None,
            tls_ca: None,
            replicas: 1,
            max_stream_bytes: None,
            max_message_bytes: 1 << 20,
            max_consumers: 1_000,
            answers_bytes: 32 << 20,
            answers_age_ms: Millis::new(86_400_000),
            run_shards: 1,
            connect_timeout_ms: Millis::new(2_000),
            startup_timeout_ms: Millis::new(30_000),
            request_timeout_ms: Millis::new(5_000),
            ping_interval_ms: Millis::new(10_000),
            reconnect_min_ms: Millis::new(50),
            reconnect_max_ms: Millis::new(2_000),
            subscription_capacity: 16_384,
            send_capacity: 4_096,
        }
    }
}

impl NatsConfig {
    /// How streams are made. Every process makes them alike.
    #[must_use]
    pub fn sizing(&self) -> Sizing {
        Sizing {
            replicas: self.replicas,
            max_bytes: self.max_stream_bytes.map(|bytes| i64::try_from(bytes).unwrap_or(i64::MAX)),
            max_message_bytes: i32::try_from(self.max_message_bytes).unwrap_or(i32::MAX),
            max_consumers: i32::try_from(self.max_consumers).unwrap_or(i32::MAX),
            answers_bytes: i64::try_from(self.answers_bytes).unwrap_or(i64::MAX),
            answers_age: self.answers_age_ms.into(),
            run_shards: Shards::new(self.run_shards),
        }
    }

    pub(super) fn check(&self, mut to: Findings<'_>) {
        for server in self.url.split(',') {
            to.scheme("url", server.trim(), &["nats://", "tls://"]);
        }
        to.file("credentials", self.credentials.as_deref());
        to.file("tls_ca", self.tls_ca.as_deref());
        let odd = [1, 3, 5].contains(&self.replicas);
        to.require("replicas", odd, &format!("is {}, expected 1, 3 or 5", self.replicas));
        if let Some(bytes) = self.max_stream_bytes {
            to.range("max_stream_bytes", bytes, 1 << 20..=i64::MAX.unsigned_abs());
        }
        to.range("max_message_bytes", self.max_message_bytes, 64 * 1024..=64 << 20);
        to.range("run_shards", self.run_shards, 1..=256);
        to.range("max_consumers", self.max_consumers, 16..=1_000_000);
        to.range("answers_bytes", self.answers_bytes, 1 << 20..=1 << 40);
        to.range("answers_age_ms", self.answers_age_ms.get(), 1_000..=2_592_000_000);
        to.range("connect_timeout_ms", self.connect_timeout_ms.get(), 50..=60_000);
        to.range("startup_timeout_ms", self.startup_timeout_ms.get(), 50..=600_000);
        to.range("request_timeout_ms", self.request_timeout_ms.get(), 50..=60_000);
        to.range("ping_interval_ms", self.ping_interval_ms.get(), 100..=120_000);
        to.range("reconnect_min_ms", self.reconnect_min_ms.get(), 1..=60_000);
        to.range("reconnect_max_ms", self.reconnect_max_ms.get(), 1..=600_000);
        to.require(
            "reconnect_max_ms",
            self.reconnect_min_ms <= self.reconnect_max_ms,
            "is shorter than reconnect_min_ms",
        );
        to.range("subscription_capacity", self.subscription_capacity, 16..=1_048_576);
        to.range("send_capacity", self.send_capacity, 16..=1_048_576);
    }
}
