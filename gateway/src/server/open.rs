//! What a gateway connects to when it starts.

use std::time::Duration;

use sba_service::{config::Config, log::RunLog, process::Base, shares::Shares, shutdown::Shutdown};
use sba_store::{
    DatabaseOptions, Store,
    blob::{BlobOptions, Blobs, S3Options},
};
use tokio::net::TcpListener;

use super::GatewayError;
use crate::{
    app::{App, Parts},
    auth::{ApiKeys, Issuers, TenantNames, Tenants, Verifier},
    direct::Callers,
    mint::Mint,
    places::Places,
    sessions::Sessions,
    stream::{Hub, Limits, Room},
};

/// Opens everything that handlers reach, over `base`.
pub(super) async fn open(
    config: Config,
    listener: &TcpListener,
    base: &Base,
    shutdown: &Shutdown,
) -> Result<App, GatewayError> {
    let Base { instance, metrics, clock, ids, client, jetstream, .. } = base;
    let verifier = verifier(&config).await?;
    let issuers = Issuers::new(&config.auth).map_err(GatewayError::Issuer)?;
    let blobs = Blobs::open(&blob_options(&config))?;
    let log =
        RunLog::new(jetstream.clone(), config.nats.sizing().run_shards, config.nats.request_timeout_ms.duration())
            .await?;
    let store = Store::connect(&database_options(&config)?).await?;
    let name = format!("sba-gateway {instance}");
    let mint = Mint::open(&config.accounts, &config.nats, &name, client.clone(), metrics).await?;
    let gateway = &config.gateway;
    let limits = Limits {
        viewers: gateway.max_viewers,
        viewers_per_tenant: gateway.max_viewers_per_tenant,
        ring: Room::new(gateway.ring_events, gateway.ring_bytes, gateway.rings_bytes),
        verify: gateway.verify_interval_ms.duration(),
    };
    let hub = Hub::new(client.clone(), log.clone(), limits, metrics.clone(), shutdown.tasks().clone(), shutdown.soft());
    let outage = Duration::from_secs(config.auth.key_outage_seconds);
    Ok(App::new(Parts {
        public_url: public_url(&config, listener),
        clock: clock.clone(),
        ids: ids.clone(),
        metrics: metrics.clone(),
        verifier,
        issuers,
        api_keys: ApiKeys::new(store.clone(), clock.clone(), outage),
        tenants: Tenants::new(store.clone()),
        tenant_names: TenantNames::new(store.clone()),
        sessions: Sessions::new(store.clone()),
        callers: Callers::new(store.clone()),
        mint,
        store,
        blobs,
        shares: Shares::new(&config, jetstream.clone(), metrics.clone()),
        jetstream: jetstream.clone(),
        log,
        hub,
        uploads: Places::new("uploads", config.gateway.max_uploads, config.gateway.max_uploads_per_tenant),
        requests: Places::new("requests", config.gateway.max_requests, config.gateway.max_requests_per_tenant),
        config,
    }))
}

async fn verifier(config: &Config) -> Result<Verifier, GatewayError> {
    let auth = &config.auth;
    let path = auth.public_key.as_ref().ok_or(GatewayError::Missing("auth.public_key"))?;
    let pem = tokio::fs::read(path).await.map_err(GatewayError::KeyFile)?;
    let leeway = Duration::from_secs(auth.leeway_seconds);
    Verifier::new(&pem, &auth.issuer, &auth.audience, leeway).map_err(GatewayError::Key)
}

fn database_options(config: &Config) -> Result<DatabaseOptions, GatewayError> {
    let database = &config.database;
    let url = database.url.as_ref().ok_or(GatewayError::Missing("database.url"))?;
    Ok(DatabaseOptions {
        max_connections: database.max_connections,
        acquire_timeout: database.acquire_timeout_ms.into(),
        startup_timeout: database.startup_timeout_ms.into(),
        statement_timeout: database.statement_timeout_ms.into(),
        idle_in_transaction_timeout: database.idle_in_transaction_timeout_ms.into(),
        ..DatabaseOptions::new(url.reveal())
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
        request: blobs.request_timeout_ms.into(),
        deadline: blobs.retry_timeout_ms.into(),
    }
}

fn public_url(config: &Config, listener: &TcpListener) -> String {
    let configured = config.gateway.public_url.as_deref().map(|url| url.trim_end_matches('/').to_owned());
    configured.unwrap_or_else(|| {
        let address = listener.local_addr().map_or_else(|_| config.gateway.listen.clone(), |local| local.to_string());
        format!("http://{address}")
    })
}
