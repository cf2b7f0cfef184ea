//! The connection of a process to NATS.

use std::{path::PathBuf, time::Duration};

use async_nats::{
    Client, ConnectError, ConnectErrorKind, ConnectOptions, Event,
    jetstream::{Context, context::ContextBuilder},
};
use tokio::time::{Instant, sleep, timeout_at};

use crate::{backoff::Backoff, config::NatsConfig, metrics::Metrics};

/// Why a process has no connection to NATS.
#[derive(Debug, thiserror::Error)]
pub enum NatsError {
    /// The credentials file cannot be read, or is not one.
    #[error("the NATS credentials {path:?} cannot be used: {source}")]
    Credentials {
        /// The file as it was configured.
        path: PathBuf,
        /// What is wrong with it.
        source: std::io::Error,
    },
    /// `nats.url` is not a list of servers.
    #[error("nats.url cannot be used: {0}")]
    Url(#[source] std::io::Error),
    /// The server does not know these credentials.
    #[error("the NATS server at {url} refused the credentials")]
    Refused {
        /// The servers that were asked.
        url: String,
        /// What the server said.
        source: ConnectError,
    },
    /// No server answered before the deadline.
    #[error("no NATS server at {url} within {}: {source}", millis(*.waited))]
    Unreachable {
        /// The servers that were asked.
        url: String,
        /// How long it was tried.
        waited: Duration,
        /// The last failure.
        source: ConnectError,
    },
}

impl NatsError {
    /// A stable name for the kind of failure.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Credentials { .. } => "nats_credentials_invalid",
            Self::Url(_) => "nats_url_invalid",
            Self::Refused { .. } => "nats_credentials_refused",
            Self::Unreachable { .. } => "nats_unreachable",
        }
    }
}

fn millis(span: Duration) -> String {
    format!("{} ms", span.as_millis())
}

/// Connects, trying again until `nats.startup_timeout_ms` is over. Later losses are healed in the background.
///
/// `name` is what the server lists the connection under, e.g. `sba-gateway 0198…`.
///
/// # Errors
/// At once for credentials or addresses that can never work; else when the time is over.
pub async fn connect(config: &NatsConfig, name: &str, metrics: &Metrics) -> Result<Client, NatsError> {
    let servers: Vec<async_nats::ServerAddr> =
        config.url.split(',').map(|server| server.trim().parse()).collect::<Result<_, _>>().map_err(NatsError::Url)?;
    let waited = config.startup_timeout_ms.duration();
    let deadline = Instant::now() + waited;
    let mut attempt = 0;
    loop {
        attempt += 1;
        let connecting = options(config, name, metrics).await?.connect(servers.as_slice());
        let source = match timeout_at(deadline, connecting).await {
            Ok(Ok(client)) => return Ok(client),
            Ok(Err(error)) => error,
            Err(_) => ConnectError::new(ConnectErrorKind::TimedOut),
        };
        let url = config.url.clone();
        if matches!(source.kind(), ConnectErrorKind::AuthorizationViolation | ConnectErrorKind::Authentication) {
            return Err(NatsError::Refused { url, source });
        }
        let pause = pause(config, attempt);
        if Instant::now() + pause >= deadline {
            return Err(NatsError::Unreachable { url, waited, source });
        }
        tracing::debug!(error = %source, attempt, "NATS is not there yet");
        sleep(pause).await;
    }
}

/// JetStream on a connection, with the configured deadline for requests and acknowledgements.
#[must_use]
pub fn jetstream(client: Client, config: &NatsConfig) -> Context {
    let deadline = config.request_timeout_ms.duration();
    ContextBuilder::new().timeout(deadline).ack_timeout(deadline).build(client)
}

async fn options(config: &NatsConfig, name: &str, metrics: &Metrics) -> Result<ConnectOptions, NatsError> {
    let metrics = metrics.clone();
    let backoff = config.clone();
    let mut options = ConnectOptions::new()
        .name(name)
        .connection_timeout(config.connect_timeout_ms.duration())
        .request_timeout(Some(config.request_timeout_ms.duration()))
        .ping_interval(config.ping_interval_ms.duration())
        .subscription_capacity(config.subscription_capacity)
        .client_capacity(config.send_capacity)
        .max_reconnects(None)
        .reconnect_delay_callback(move |attempts| pause(&backoff, attempts))
        .event_callback(move |event| {
            report(&event, &metrics);
            std::future::ready(())
        });
    if let Some(path) = &config.tls_ca {
        options = options.add_root_certificates(path.clone());
    }
    if let Some(path) = &config.credentials {
        options = options
            .credentials_file(path)
            .await
            .map_err(|source| NatsError::Credentials { path: path.clone(), source })?;
    }
    Ok(options)
}

/// The pause before an attempt: none before the first.
fn pause(config: &NatsConfig, attempt: usize) -> Duration {
    match u32::try_from(attempt).unwrap_or(u32::MAX) {
        0 => Duration::ZERO,
        failed => Backoff::new(config.reconnect_min_ms.into(), config.reconnect_max_ms.into()).pause(failed),
    }
}

/// Logs and counts what happens to the connection. The names counted are a closed set.
fn report(event: &Event, metrics: &Metrics) {
    let name = match event {
        Event::Connected => {
            tracing::info!("connected to NATS");
            "connected"
        }
        Event::Disconnected => {
            tracing::warn!("the connection to NATS is lost; reconnecting");
            "disconnected"
        }
        Event::SlowConsumer(subscription) => {
            tracing::warn!(subscription, "a subscription is full; NATS messages for it are dropped");
            "slow_consumer"
        }
        Event::ServerError(error) => {
            tracing::warn!(%error, "the NATS server refused something");
            "server_error"
        }
        // One for each failed attempt to reconnect; the loss itself is logged above.
        Event::ClientError(error) => {
            tracing::debug!(%error, "the NATS client failed");
            "client_error"
        }
        Event::LameDuckMode => {
            tracing::info!("the NATS server is about to end; moving to another");
            "lame_duck"
        }
        Event::Draining => "draining",
        Event::Closed => "closed",
    };
    metrics.nats_event(name);
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;
    use crate::config::Millis;

    fn config(url: &str) -> NatsConfig {
        NatsConfig { url: url.to_owned(), startup_timeout_ms: Millis::new(300), ..NatsConfig::default() }
    }

    async fn failure(config: &NatsConfig) -> NatsError {
        connect(config, "test", &Metrics::new().unwrap()).await.unwrap_err()
    }

    #[tokio::test]
    async fn an_absent_server_is_an_error_after_the_deadline_that_names_it() {
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let error = failure(&config(&format!("nats://{free}"))).await;
        assert_eq!(error.code(), "nats_unreachable");
        let begin = format!("no NATS server at nats://{free} within 300 ms: ");
        assert!(error.to_string().starts_with(&begin), "{error}");
    }

    #[tokio::test]
    async fn a_server_that_never_speaks_is_given_up() {
        let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let error = failure(&config(&format!("nats://{}", silent.local_addr().unwrap()))).await;
        assert_eq!(error.code(), "nats_unreachable");
    }

    #[tokio::test]
    async fn what_can_never_work_fails_at_once() {
        let mut never = config("nats://127.0.0.1:1");
        never.startup_timeout_ms = Millis::new(600_000);
        never.credentials = Some("/no/such.creds".into());
        assert_eq!(failure(&never).await.code(), "nats_credentials_invalid");
        never.url = "nats://bad host".to_owned();
        assert_eq!(failure(&never).await.code(), "nats_url_invalid");
    }

    #[test]
    fn pauses_double_and_stay_within_bounds() {
        let config = NatsConfig::default();
        assert_eq!(pause(&config, 0), Duration::ZERO);
        for (attempt, longest) in [(1, 50), (2, 100), (4, 400), (100, 2_000), (usize::MAX, 2_000)] {
            let found = u64::try_from(pause(&config, attempt).as_millis()).unwrap();
            assert!((longest / 2..=longest).contains(&found), "{attempt}: {found}");
        }
    }
}
