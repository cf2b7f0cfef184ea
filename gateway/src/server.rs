//! The process: what it serves, and how it ends.

mod connections;
mod error;
mod http;
mod measure;
mod open;

use std::sync::Arc;

use sba_service::{
    clock::Clock, config::Config, health::Health, heartbeat::ProcessKind, process::Base, shutdown::Shutdown,
};
use tokio::net::TcpListener;
use tracing::info;

pub use self::{
    error::GatewayError,
    measure::{Admission, NotLetIn},
};
use self::{http::Server, open::open};
use crate::{app::App, direct, routes};

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
    direct::listen(&app, &base.client, base.instance, &shutdown).await.map_err(GatewayError::Direct)?;
    base.serve();
    info!(url = app.public_url, instance = %base.instance, "the gateway serves");
    let (router, refusal) = (routes::router(&app, &base.health), routes::refusal(&app));
    let server = Server::new(&app.config.gateway, router, refusal, base.metrics.clone(), shutdown.clone());
    shutdown.spawn(server.run(listener));
    let ending = shutdown.finished().await;
    info!(?ending, "the gateway has ended");
    base.close().await;
    app.store.close().await;
    Ok(())
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
