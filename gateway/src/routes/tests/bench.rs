//! A gateway with nothing behind it.

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{Request, StatusCode},
};
use sba_service::{
    clock::ManualClock,
    config::{Config, Millis},
    health::Health,
    ids::CountedIds,
    log::RunLog,
    metrics::Metrics,
    shares::Shares,
};
use sba_store::{
    DatabaseOptions, Store,
    blob::{BlobOptions, Blobs, S3Options},
};
use sba_subjects::{
    id::{TenantKey, UserId},
    stream::Shards,
};
use serde_json::Value;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower::ServiceExt as _;
use uuid::Uuid;

use crate::{
    app::{App, Parts},
    auth::{ApiKeys, Claims, Issuers, KeyPair, Role, TenantNames, Tenants, Verifier, mint},
    direct::Callers,
    places::Places,
    routes::router,
    sessions::Sessions,
    stream::{Hub, Limits, Room},
};

/// A gateway with nothing behind it, and the key of its issuer.
pub(super) struct Bench {
    pub(super) router: Router,
    pub(super) app: App,
    keys: KeyPair,
    pub(super) tenant: TenantKey,
    _blobs: tempfile::TempDir,
}

/// An answer: its status, its headers and its JSON.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: axum::http::HeaderMap,
    pub(super) json: Value,
}

impl Answer {
    pub(super) fn code(&self) -> &str {
        self.json["error"]["code"].as_str().unwrap_or_default()
    }

    pub(super) fn fields(&self) -> Vec<&str> {
        let details = self.json["error"]["details"].as_array();
        details.into_iter().flatten().filter_map(|detail| detail["field"].as_str()).collect()
    }
}

pub(super) async fn bench() -> Bench {
    bench_with(|_| ()).await
}

pub(super) async fn bench_with(change: impl FnOnce(&mut Config)) -> Bench {
    let mut config = Config::default();
    config.gateway.request_timeout_ms = Millis::new(2_000);
    config.nats.request_timeout_ms = Millis::new(200);
    change(&mut config);
    let keys = KeyPair::generate().unwrap();
    let blobs = tempfile::tempdir().unwrap();
    let options = DatabaseOptions {
        acquire_timeout: Duration::from_millis(200),
        ..DatabaseOptions::new("postgres://nobody@127.0.0.1:1/nothing")
    };
    let store = Store::connect_lazy(&options).unwrap();
    let connect = async_nats::ConnectOptions::new().retry_on_initial_connect();
    let nats = connect.connect("127.0.0.1:1").await.unwrap();
    let jetstream = sba_service::nats::jetstream(nats.clone(), &config.nats);
    let log = RunLog::new(jetstream.clone(), Shards::ONE, Duration::from_millis(200)).await.unwrap();
    let limits = Limits {
        viewers: 1,
        viewers_per_tenant: 1,
        ring: Room::new(16, 1 << 20, 1 << 20),
        verify: Duration::from_secs(1),
    };
    let metrics = Metrics::new().unwrap();
    let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
    let hub = Hub::new(nats.clone(), log.clone(), limits, metrics.clone(), tasks, stop);
    let tenant: TenantKey = nkeys::KeyPair::new_account().public_key().parse().unwrap();
    let tenants = Tenants::new(store.clone());
    tenants.remember(tenant.clone()).await;
    let app = App::new(Parts {
        public_url: "http://gateway".to_owned(),
        clock: Arc::new(ManualClock::default()),
        ids: Arc::new(CountedIds::default()),
        metrics: metrics.clone(),
        verifier: Verifier::new(keys.public_pem.as_bytes(), "sba", "sba", Duration::from_secs(30)).unwrap(),
        issuers: Issuers::new(&config.auth).unwrap(),
        api_keys: ApiKeys::new(store.clone(), Arc::new(ManualClock::default()), Duration::ZERO),
        tenants,
        tenant_names: TenantNames::new(store.clone()),
        sessions: Sessions::new(store.clone()),
        callers: Callers::new(store.clone()),
        mint: None,
        store,
        blobs: Blobs::open(&BlobOptions {
            url: format!("file://{}", blobs.path().display()),
            s3: S3Options::default(),
            max_bytes: config.knowledge.max_document_bytes,
            request: Duration::from_secs(5),
            deadline: Duration::from_secs(5),
        })
        .unwrap(),
        shares: Shares::new(&config, jetstream.clone(), metrics.clone()),
        jetstream,
        log,
        hub,
        uploads: Places::new("uploads", config.gateway.max_uploads, config.gateway.max_uploads_per_tenant),
        requests: Places::new("requests", config.gateway.max_requests, config.gateway.max_requests_per_tenant),
        config,
    });
    let router = router(&app, &Health::new(CancellationToken::new()));
    Bench { router, app, keys, tenant, _blobs: blobs }
}

impl Bench {
    pub(super) fn claims(&self, roles: &[Role]) -> Claims {
        let now = self.app.clock.now().unix_timestamp().unsigned_abs();
        Claims {
            iss: "sba".to_owned(),
            aud: "sba".to_owned(),
            iat: now,
            exp: now + 3_600,
            tenant_id: Some(self.tenant.id()),
            user_id: UserId::from_uuid(Uuid::from_u128(7)),
            roles: roles.to_vec(),
        }
    }

    pub(super) fn token(&self, claims: &Claims) -> String {
        mint(self.keys.private_pem.as_bytes(), claims).unwrap()
    }

    pub(super) fn member(&self) -> String {
        self.token(&self.claims(&[Role::Member]))
    }

    pub(super) async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        let body = to_bytes(response.into_body(), 1 << 20).await.unwrap();
        Answer { status, headers, json: serde_json::from_slice(&body).unwrap_or_default() }
    }

    pub(super) async fn get(&self, path: &str) -> Answer {
        let request = Request::get(path).header("authorization", format!("Bearer {}", self.member()));
        self.send(request.body(Body::empty()).unwrap()).await
    }

    pub(super) async fn post(&self, path: &str, body: impl Into<Body>) -> Answer {
        self.post_as(path, &self.member(), body).await
    }

    pub(super) async fn post_as(&self, path: &str, token: &str, body: impl Into<Body>) -> Answer {
        let request = Request::post(path)
            .header("authorization", format!("Bearer {token}"))
            .header("content-type", "application/json");
        self.send(request.body(body.into()).unwrap()).await
    }
}
