//! How long a viewer is waited for.

use std::time::Duration;

use futures::future::BoxFuture;
use sba_service::config::GatewayConfig;
use tokio::time::Instant;

use crate::error::Code;

/// How a stream is kept.
pub(crate) struct Keeping {
    /// Time between pings; one that misses two is gone.
    pub(crate) ping: Duration,
    /// Longest time that a write may take.
    pub(crate) write: Duration,
    /// When the viewer's token ends.
    pub(crate) until: Instant,
    /// Ends when the viewer's key does not hold any more.
    pub(crate) lost: BoxFuture<'static, Code>,
}

impl Keeping {
    /// As it is configured, for a viewer whose token ends then, or whose key is lost.
    pub(crate) fn of(config: &GatewayConfig, until: Instant, lost: BoxFuture<'static, Code>) -> Self {
        let (ping, write) = (config.ws_ping_interval_ms.duration(), config.ws_write_timeout_ms.duration());
        Self { ping, write, until, lost }
    }
}
