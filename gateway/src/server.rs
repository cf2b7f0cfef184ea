//! The process: what it serves, and how it ends.

mod error;
mod open;

use std::{io, sync::Arc};

use axum::{Router, serve::ListenerExt as _};
use sba_service::{
    clock::Clock, config::Config, health::Health, heartbeat::ProcessKind, process::Base, shutdown::Shutdown,
};
use tokio::net::TcpListener;
use tracing::{info, warn};

pub use self::error::GatewayError;
use self::open::open;
use crate::{app::App, routes};

/// Listens where the configuration says, and serves until `shutdown`.
///
/// # Errors
/// [`GatewayError`], before anything is served or when the listener breaks.
pub async fn run(config: Config, clock: Arc<dyn Clock>, shutdown: Shutdown) -> Result<(), GatewayError> {
    let address = config.gateway.listen.clone();
    // First of all: a port in use is found out before anything else is touched.
    let listener = TcpListener::bind(&address).await.map_err(|source| GatewayError::Listen { address, source })?;
    serve(config, listener, clock, shutdown).await
}

/// Serves on a listener that is bound already, until `shutdown`; returns when everything has ended.
///
/// # Errors
/// As [`run`].
pub async fn serve(
    config: Config,
    listener: TcpListener,
    clock: Arc<dyn Clock>,
    shutdown: Shutdown,
) -> Result<(), GatewayError> {
    let mut base = Base::open(ProcessKind::Gateway, &config, clock, &shutdown, Vec::new).await?;
    let app = open(config, &listener, &base, &shutdown).await?;
    watch(&base.health, &app);
    base.serve();
    info!(url = app.public_url, instance = %base.instance, "the gateway serves");
    let server = shutdown.spawn(serve_until(listener, routes::router(&app, &base.health), shutdown.clone()));
    let ending = shutdown.finished().await;
    let served = server.await.unwrap_or_else(|error| Err(GatewayError::Serve(io::Error::other(error))));
    info!(?ending, "the gateway has ended");
    base.close().await;
    app.store.close().await;
    served
}

/// Makes readiness follow what most requests need.
fn watch(health: &Health, app: &App) {
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
