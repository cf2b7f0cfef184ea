//! The process: what it connects to, what it serves, how it ends.

use std::{future::Future, io, sync::Arc};

use async_nats::{Client, connection::State};
use axum::{Router, serve::ListenerExt as _};
use sba_service::{
    clock::{Clock, SystemClock},
    config::Config,
    health::Health,
    heartbeat::{Beat, Heartbeat, ProcessKind, Rhythm},
    ids::{Ids, TimeOrderedIds},
    log::{ReadError, RunLog},
    metrics::Metrics,
    nats::{self, NatsError},
    ops::{self, ListenError},
    provision::{Provision, ProvisionError},
    shutdown::Shutdown,
};
use sba_store::{
    DatabaseOptions, Store, StoreError,
    blob::{BlobError, BlobOptions, Blobs, S3Options},
};
use sba_subjects::{
    id::InstanceId,
    stream::{self, Sizing},
};
use tokio::{net::TcpListener, sync::Semaphore};
use tracing::{info, warn};

use crate::{
    app::{App, Parts},
    auth::{Tenants, TokenError, Verifier},
    mint::{Mint, MintError},
    routes,
    sessions::Sessions,
    stream::{Hub, Limits},
};

/// Why a gateway could not start, or had to end.
#[derive(Debug, thiserror::Error)]
pub enum GatewayError {
    /// The address cannot be listened on.
    #[error("cannot listen on {address} (gateway.listen)")]
    Listen {
        /// The address.
        address: String,
        /// Why.
        source: io::Error,
    },
    /// A setting that a gateway needs is missing.
    #[error("{0} must be set for a gateway")]
    Missing(&'static str),
    /// The issuer's public key cannot be read.
    #[error("auth.public_key cannot be read")]
    KeyFile(#[source] io::Error),
    /// The issuer's public key is not one.
    #[error("auth.public_key cannot be used")]
    Key(#[source] TokenError),
    /// No connection to NATS.
    #[error(transparent)]
    Nats(#[from] NatsError),
    /// JetStream does not have what is needed.
    #[error(transparent)]
    Provision(#[from] ProvisionError),
    /// The streams cannot be named.
    #[error(transparent)]
    Log(#[from] ReadError),
    /// The heartbeat could not begin.
    #[error("the heartbeat could not begin")]
    Heartbeat(#[source] async_nats::Error),
    /// The database cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The blob store cannot be used.
    #[error(transparent)]
    Blobs(#[from] BlobError),
    /// Accounts cannot be made as configured.
    #[error(transparent)]
    Mint(#[from] MintError),
    /// The metrics cannot be served.
    #[error(transparent)]
    Ops(#[from] ListenError),
    /// The metrics cannot be made.
    #[error("the metrics cannot be made: {0}")]
    Metrics(String),
    /// The listener broke.
    #[error("the listener broke")]
    Serve(#[source] io::Error),
}

impl GatewayError {
    /// Stable code, for logs and exit messages.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Listen { .. } => "gateway_listen_failed",
            Self::Missing(_) => "config_missing",
            Self::KeyFile(_) | Self::Key(_) => "auth_key_invalid",
            Self::Nats(error) => error.code(),
            Self::Provision(error) => error.code(),
            Self::Log(_) => "jetstream_unavailable",
            Self::Heartbeat(_) => "nats_unavailable",
            Self::Store(error) => error.code(),
            Self::Blobs(error) => error.code(),
            Self::Mint(_) => "accounts_invalid",
            Self::Ops(error) => error.code(),
            Self::Metrics(_) => "metrics_invalid",
            Self::Serve(_) => "gateway_listener_broken",
        }
    }
}

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
    let served = serve_until(listener, routes::router(&app, &health), &shutdown).await;
    shutdown.begin();
    let ending = shutdown.finished().await;
    heartbeat.stop().await;
    info!(?ending, "the gateway has ended");
    close(&app).await;
    served
}

/// Opens everything that handlers reach.
async fn open(
    config: Config,
    listener: &TcpListener,
    instance: InstanceId,
    metrics: Metrics,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
    shutdown: &Shutdown,
) -> Result<App, GatewayError> {
    let verifier = verifier(&config).await?;
    let blobs = Blobs::open(&blob_options(&config))?;
    let name = format!("sba-gateway {instance}");
    let client = nats::connect(&config.nats, &name, &metrics).await?;
    let jetstream = nats::jetstream(client.clone(), &config.nats);
    let sizing = Sizing { replicas: config.nats.replicas, ..Sizing::default() };
    let wait = config.nats.startup_timeout_ms.duration();
    Provision::new(jetstream.clone(), wait).streams(stream::ALL.iter().map(|stream| stream.config(&sizing))).await?;
    let log = RunLog::new(jetstream.clone(), config.nats.request_timeout_ms.duration()).await?;
    let store = Store::connect(&database_options(&config)?).await?;
    let mint = Mint::open(&config.accounts, &config.nats, &name, &metrics).await?;
    let limits = Limits {
        viewers: config.gateway.max_viewers,
        ring: config.gateway.ring_events,
        verify: config.gateway.verify_interval_ms.duration(),
    };
    let hub = Hub::new(client.clone(), log.clone(), limits, metrics.clone(), shutdown.tasks().clone(), shutdown.soft());
    Ok(App::new(Parts {
        public_url: public_url(&config, listener),
        clock,
        ids,
        metrics,
        verifier,
        tenants: Tenants::new(store.clone()),
        sessions: Sessions::new(store.clone()),
        mint,
        store,
        blobs,
        nats: client,
        jetstream,
        log,
        hub,
        uploads: Semaphore::new(config.gateway.max_uploads),
        requests: Semaphore::new(config.gateway.max_requests),
        config,
    }))
}

async fn verifier(config: &Config) -> Result<Verifier, GatewayError> {
    let auth = &config.auth;
    let path = auth.public_key.as_ref().ok_or(GatewayError::Missing("auth.public_key"))?;
    let pem = tokio::fs::read(path).await.map_err(GatewayError::KeyFile)?;
    let leeway = std::time::Duration::from_secs(auth.leeway_seconds);
    Verifier::new(&pem, &auth.issuer, &auth.audience, leeway).map_err(GatewayError::Key)
}

fn database_options(config: &Config) -> Result<DatabaseOptions, GatewayError> {
    let database = &config.database;
    let url = database.url.as_ref().ok_or(GatewayError::Missing("database.url"))?;
    Ok(DatabaseOptions {
        url: url.reveal().to_owned(),
        max_connections: database.max_connections,
        acquire_timeout: database.acquire_timeout_ms.duration(),
        statement_timeout: database.statement_timeout_ms.duration(),
    })
}

fn blob_options(config: &Config) -> BlobOptions {
    let blobs = &config.blobs;
    let secret =
        |secret: &Option<sba_service::config::Secret>| secret.as_ref().map(|secret| secret.reveal().to_owned());
    BlobOptions {
        url: blobs.url.clone(),
        s3: S3Options {
            endpoint: blobs.endpoint.clone(),
            region: blobs.region.clone(),
            access_key_id: secret(&blobs.access_key_id),
            secret_access_key: secret(&blobs.secret_access_key),
        },
        max_bytes: config.knowledge.max_document_bytes,
        deadline: blobs.request_timeout_ms.duration(),
    }
}

fn public_url(config: &Config, listener: &TcpListener) -> String {
    let configured = config.gateway.public_url.as_deref().map(|url| url.trim_end_matches('/').to_owned());
    configured.unwrap_or_else(|| {
        let address = listener.local_addr().map_or_else(|_| config.gateway.listen.clone(), |local| local.to_string());
        format!("http://{address}")
    })
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

async fn serve_until(listener: TcpListener, router: Router, shutdown: &Shutdown) -> Result<(), GatewayError> {
    let listener = listener.tap_io(|stream| {
        // An event waits for nothing, least of all for the next one.
        if let Err(error) = stream.set_nodelay(true) {
            warn!(%error, "a connection could not be told not to wait");
        }
    });
    let served = axum::serve(listener, router).with_graceful_shutdown(shutdown.soft().cancelled_owned());
    tokio::select! {
        served = served.into_future() => served.map_err(GatewayError::Serve),
        () = stopped(shutdown) => Ok(()),
    }
}

/// The hard request, or the end of the grace: a client that keeps its connection busy does not hold the process.
fn stopped(shutdown: &Shutdown) -> impl Future<Output = ()> + use<> {
    let (soft, hard, tasks) = (shutdown.soft(), shutdown.hard(), shutdown.tasks().clone());
    async move {
        soft.cancelled().await;
        tasks.close();
        tokio::select! {
            () = hard.cancelled() => {}
            () = tasks.wait() => std::future::pending().await,
        }
    }
}

async fn close(app: &App) {
    if let Err(error) = app.nats.drain().await {
        warn!(%error, "what was still to be said to NATS may be lost");
    }
    app.store.close().await;
}
