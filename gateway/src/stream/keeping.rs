//! How long a viewer is waited for.

use std::time::Duration;

use sba_service::config::GatewayConfig;
use tokio::time::Instant;

/// How a stream is kept.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Keeping {
    /// Time between pings; one that misses two is gone.
    pub(crate) ping: Duration,
    /// Longest time that a write may take.
    pub(crate) write: Duration,
    /// When the viewer's token ends.
    pub(crate) until: Instant,
}

impl Keeping {
    /// As it is configured, for a viewer whose token ends then.
    pub(crate) const fn of(config: &GatewayConfig, until: Instant) -> Self {
        Self { ping: config.ws_ping_interval_ms.duration(), write: config.ws_write_timeout_ms.duration(), until }
    }
}
