//! The listener for operators: `/metrics`, `/healthz`, `/readyz`, apart from what clients reach.

use std::io;

use axum::{
    Router,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::{health::Health, metrics::Metrics};

/// Why the listener for operators could not be had.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address} (telemetry.metrics_listen): {source}")]
pub struct ListenError {
    /// The address as it was configured.
    pub address: String,
    source: io::Error,
}

impl ListenError {
    /// A stable name for the failure.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        "metrics_listen_failed"
    }
}

/// Opens the listener that `telemetry.metrics_listen` asks for; `None` when it is empty.
///
/// # Errors
/// If the address cannot be had, e.g. because the port is in use.
pub async fn bind(address: &str) -> Result<Option<TcpListener>, ListenError> {
    if address.is_empty() {
        return Ok(None);
    }
    let fail = |source| ListenError { address: address.to_owned(), source };
    let listener = TcpListener::bind(address).await.map_err(fail)?;
    let local = listener.local_addr().map_err(fail)?;
    tracing::info!(address = %local, "metrics and health are served");
    Ok(Some(listener))
}

/// Serves until `stop` is cancelled.
///
/// `stop` is best the hard token of the shutdown: readiness must be seen to fail while the process drains.
///
/// # Errors
/// If the listener breaks.
pub async fn serve(
    listener: TcpListener,
    metrics: Metrics,
    health: &Health,
    stop: CancellationToken,
) -> io::Result<()> {
    let router = Router::new().route("/metrics", get(text)).with_state(metrics).merge(health.router());
    tokio::select! {
        ended = async { axum::serve(listener, router).await } => ended,
        () = stop.cancelled() => Ok(()),
    }
}

async fn text(State(metrics): State<Metrics>) -> Response {
    match metrics.text() {
        Ok(text) => ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], text).into_response(),
        Err(error) => {
            tracing::error!(%error, "the metrics cannot be written");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        net::TcpStream,
    };

    use super::*;

    async fn get(address: std::net::SocketAddr, path: &str) -> String {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    #[tokio::test]
    async fn metrics_and_health_answer_and_a_draining_process_says_so() {
        let listener = bind("127.0.0.1:0").await.unwrap().unwrap();
        let address = listener.local_addr().unwrap();
        let (draining, stop) = (CancellationToken::new(), CancellationToken::new());
        let health = Health::new(draining.clone());
        let metrics = Metrics::new().unwrap();
        let server = {
            let stop = stop.clone();
            tokio::spawn(async move { serve(listener, metrics, &health, stop).await })
        };
        assert!(get(address, "/metrics").await.contains("orchestrator_requests_total 0"));
        assert!(get(address, "/healthz").await.starts_with("HTTP/1.1 200"));
        assert!(get(address, "/readyz").await.ends_with(r#"{"ready":true,"not_ready":[]}"#));
        draining.cancel();
        let answer = get(address, "/readyz").await;
        assert!(answer.starts_with("HTTP/1.1 503") && answer.contains(r#""check":"draining""#), "{answer}");
        stop.cancel();
        server.await.unwrap().unwrap();
    }

    #[tokio::test]
    async fn a_port_in_use_is_named() {
        let first = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = first.local_addr().unwrap().to_string();
        let error = bind(&address).await.unwrap_err();
        assert!(error.to_string().starts_with(&format!("cannot listen on {address}")), "{error}");
        assert!(bind("").await.unwrap().is_none());
    }
}
