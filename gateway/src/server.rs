//! The process: what it serves, and how it ends.

mod error;
mod open;

use std::io;

use async_nats::{Client, connection::State};
use axum::{Router, serve::ListenerExt as _};
use sba_service::{
    clock::SystemClock,
    config::Config,
    health::Health,
    heartbeat::{Beat, Heartbeat, ProcessKind, Rhythm},
    ids::TimeOrderedIds,
    metrics::Metrics,
    ops,
    shutdown::Shutdown,
};
use sba_subjects::id::InstanceId;
use tokio::net::TcpListener;
use tracing::{info, warn};

pub use self::error::GatewayError;
use self::open::open;
use crate::{app::App, routes};

/// Listens where the configuration says, and serves until `shutdown`.
///
/// # Errors
/// [`GatewayError`], before anything is served or when the listener breaks.
pub async fn run(config: Config, shutdown: Shutdown) -> Result<(), GatewayError> {
    let address = config.gateway.listen.clone();
    // First of all: a port in use is found out before anything else is touched.
    let listener = TcpListener::bind(&address).await.map_err(|source| GatewayError::Listen { address, source })?;
    serve(config, listener, shutdown).await
}

/// Serves on a listener that is bound already, until `shutdown`; returns when everything has ended.
///
/// # Errors
/// As [`run`].
pub async fn serve(config: Config, listener: TcpListener, shutdown: Shutdown) -> Result<(), GatewayError> {
    let clock = SystemClock::shared();
    let ids = TimeOrderedIds::shared(clock.clone());
    let instance = InstanceId::from_uuid(ids.uuid());
    let metrics = Metrics::new().map_err(|error| GatewayError::Metrics(error.to_string()))?;
    let health = Health::new(shutdown.soft());
    let operators = ops::bind(&config.telemetry.metrics_listen).await?;
    let heart = config.orchestrator.clone();

    let app = open(config, &listener, instance, metrics.clone(), clock.clone(), ids, &shutdown).await?;
    watch(&health, &app);
    let beat = Beat {
        instance,
        kind: ProcessKind::Gateway,
        rhythm: Rhythm::of(&heart),
        draining: shutdown.soft(),
        runs: Box::new(Vec::new),
        clock,
        metrics: metrics.clone(),
    };
    let heartbeat = Heartbeat::start(app.nats.clone(), beat).await.map_err(GatewayError::Heartbeat)?;
    if let Some(listener) = operators {
        let (health, hard) = (health.clone(), shutdown.hard());
        tokio::spawn(async move { ops::serve(listener, metrics, &health, hard).await });
    }
    info!(url = app.public_url, %instance, "the gateway serves");
    let server = shutdown.spawn(serve_until(listener, routes::router(&app, &health), shutdown.clone()));
    let ending = shutdown.finished().await;
    let served = server.await.unwrap_or_else(|error| Err(GatewayError::Serve(io::Error::other(error))));
    heartbeat.stop().await;
    info!(?ending, "the gateway has ended");
    close(&app).await;
    served
}

/// Makes readiness follow what most requests need.
fn watch(health: &Health, app: &App) {
    let client = app.nats.clone();
    health.add("nats", move || std::future::ready(connected(&client)));
    let store = app.store.clone();
    health.add("database", move || {
        let store = store.clone();
        async move { store.ping().await.map_err(|error| error.to_string()) }
    });
    let blobs = app.blobs.clone();
    health.add("blobs", move || {
        let blobs = blobs.clone();
        async move { blobs.ping().await.map_err(|error| error.to_string()) }
    });
}

fn connected(client: &Client) -> Result<(), String> {
    match client.connection_state() {
        State::Connected => Ok(()),
        _ => Err("the connection is lost".to_owned()),
    }
}

/// Serves until the soft request, and then what is under way until the hard one.
async fn serve_until(listener: TcpListener, router: Router, shutdown: Shutdown) -> Result<(), GatewayError> {
    let listener = listener.tap_io(|stream| {
        // An event waits for nothing, least of all for the next one.
        if let Err(error) = stream.set_nodelay(true) {
            warn!(%error, "a connection could not be told not to wait");
        }
    });
    let served = axum::serve(listener, router).with_graceful_shutdown(shutdown.soft().cancelled_owned());
    let hard = shutdown.hard();
    let served = tokio::select! {
        served = served.into_future() => served.map_err(GatewayError::Serve),
        () = hard.cancelled() => Ok(()),
    };
    // A listener that broke by itself ends the process.
    shutdown.begin();
    served
}

async fn close(app: &App) {
    if let Err(error) = app.nats.drain().await {
        warn!(%error, "what was still to be said to NATS may be lost");
    }
    app.store.close().await;
}
