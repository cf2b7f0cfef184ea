//! A gateway of its own for each test.

use std::time::Duration;

use async_nats::{
    HeaderMap,
    jetstream::{self, Context},
};
use futures::{SinkExt as _, StreamExt as _};
use reqwest::{Method, RequestBuilder, StatusCode};
use sba::local::{HubAccount, LocalError, nats, postgres};
use sba_gateway::{
    GatewayError,
    auth::{Claims, KeyPair, Role, mint},
};
use sba_service::{
    clock::SystemClock,
    config::{Config, Millis, Secret},
    log::RunLog,
    shutdown::Shutdown,
};
use sba_store::{
    DatabaseOptions, Store,
    audit::Actor,
    migrate,
    tenants::{self, NewTenant},
};
use sba_subjects::{
    id::{RecordId, RunId, TenantKey, UserId},
    record::Record,
    stream::Shards,
};
use sba_tests::run_log::Writer;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use tempfile::TempDir;
use tokio::{net::TcpListener, task::JoinHandle, time::timeout};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream,
    tungstenite::{self, Message, client::IntoClientRequest as _},
};
use uuid::Uuid;

/// Longest time that a test waits for anything.
pub(crate) const DEADLINE: Duration = Duration::from_secs(30);

/// A running gateway, and what stands behind it.
pub(crate) struct House {
    pub(crate) url: String,
    pub(crate) store: Store,
    pub(crate) jetstream: Context,
    pub(crate) tenant: TenantKey,
    pub(crate) shutdown: Shutdown,
    pub(crate) served: JoinHandle<Result<(), GatewayError>>,
    pub(crate) blobs: TempDir,
    config: Config,
    owner_url: String,
    keys: KeyPair,
    client: reqwest::Client,
    _secrets: TempDir,
}

/// A client's socket.
pub(crate) type Socket = WebSocketStream<MaybeTlsStream<tokio::net::TcpStream>>;

pub(crate) async fn house() -> House {
    house_with(|_| ()).await
}

pub(crate) async fn house_with(change: impl FnOnce(&mut Config)) -> House {
    let hub = HubAccount::new(nats::shared().await.unwrap()).await.unwrap();
    let template = format!("sba_schema_{}", migrate::latest_version());
    let fill = async |fresh: &postgres::Database| -> Result<(), LocalError> {
        migrate::migrate(&fresh.owner_url, DEADLINE).await.unwrap();
        Ok(())
    };
    let database = postgres::shared().await.unwrap().create_database_from(&template, fill).await.unwrap();
    let store = Store::connect(&DatabaseOptions::new(&database.app_url)).await.unwrap();
    let (blobs, secrets) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let keys = KeyPair::generate().unwrap();
    let public_key = secrets.path().join("issuer.pem");
    std::fs::write(&public_key, &keys.public_pem).unwrap();

    let mut config = Config::default();
    config.nats.url = hub.url().to_owned();
    config.nats.credentials = Some(hub.credentials().to_owned());
    config.database.url = Some(Secret::new(database.app_url.clone()));
    config.blobs.url = format!("file://{}", blobs.path().display());
    config.auth.public_key = Some(public_key);
    config.accounts.operator_seed = Some(hub.site().operator_seed());
    config.accounts.system_credentials = Some(hub.site().system_credentials());
    config.telemetry.metrics_listen = String::new();
    config.gateway.verify_interval_ms = Millis::new(200);
    change(&mut config);

    let owner_url = database.owner_url.clone();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let shutdown = Shutdown::new(Duration::from_secs(5));
    let served = tokio::spawn(sba_gateway::serve(config.clone(), listener, SystemClock::shared(), shutdown.clone()));
    let jetstream = jetstream::new(hub.connect().await.unwrap());
    let tenant = nkeys::KeyPair::new_account().public_key().parse().unwrap();
    let client = reqwest::Client::new();
    let house = House {
        url,
        store,
        jetstream,
        tenant,
        shutdown,
        served,
        blobs,
        config,
        owner_url,
        keys,
        client,
        _secrets: secrets,
    };
    house.insert(&house.tenant).await;
    house.ready(&house.url).await;
    house
}

impl House {
    /// Makes a tenant in the database alone.
    pub(crate) async fn insert(&self, account: &TenantKey) {
        let (account, name, plan) = (account.clone(), "Acme".to_owned(), "standard".to_owned());
        let mut tx = self.store.begin(account.id()).await.unwrap();
        let tenant = NewTenant { account, name, plan, quota_tokens: None, config: json!({}) };
        tenants::create(&mut tx, &tenant, &Actor::default()).await.unwrap();
        tx.commit().await.unwrap();
    }

    /// Makes it an hour ago that documents last changed.
    pub(crate) async fn age_documents(&self) {
        let mut owner = PgConnection::connect(&self.owner_url).await.unwrap();
        let mut tx = owner.begin().await.unwrap();
        sqlx::query("select set_tenant($1)").bind(self.tenant.id().as_uuid()).execute(&mut *tx).await.unwrap();
        let aged = sqlx::query("update documents set updated_at = updated_at - interval '1 hour'");
        assert!(aged.execute(&mut *tx).await.unwrap().rows_affected() > 0);
        tx.commit().await.unwrap();
    }

    /// Another tenant.
    pub(crate) async fn neighbour(&self) -> TenantKey {
        let account = nkeys::KeyPair::new_account().public_key().parse().unwrap();
        self.insert(&account).await;
        account
    }

    /// The address of another gateway of the same installation.
    pub(crate) async fn second_gateway(&self) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let shutdown = Shutdown::new(Duration::from_secs(5));
        tokio::spawn(sba_gateway::serve(self.config.clone(), listener, SystemClock::shared(), shutdown));
        self.ready(&url).await;
        url
    }

    /// Everything that is stored of the tenant in these tables, as text.
    pub(crate) async fn dump(&self, tables: &[&str]) -> String {
        let mut owner = PgConnection::connect(&self.owner_url).await.unwrap();
        let mut tx = owner.begin().await.unwrap();
        sqlx::query("select set_tenant($1)").bind(self.tenant.id().as_uuid()).execute(&mut *tx).await.unwrap();
        let mut dump = String::new();
        for table in tables {
            let sql = format!("select coalesce(string_agg(t::text, E'\\n'), '') from {table} as t");
            let rows: String = sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(&mut *tx).await.unwrap();
            dump.push_str(&rows);
        }
        dump
    }

    async fn ready(&self, url: &str) {
        let ready = async {
            while !self.client.get(format!("{url}/readyz")).send().await.is_ok_and(|a| a.status() == 200) {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        timeout(DEADLINE, ready).await.expect("the gateway is not ready in time");
    }

    /// A token of this issuer; `user` is the number of the user.
    pub(crate) fn token(&self, tenant: &TenantKey, user: u128, roles: &[Role]) -> String {
        self.token_for(tenant, user, roles, 600)
    }

    /// The same, for so many seconds.
    pub(crate) fn token_for(&self, tenant: &TenantKey, user: u128, roles: &[Role], seconds: u64) -> String {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
        let claims = Claims {
            iss: "sba".to_owned(),
            aud: "sba".to_owned(),
            iat: now,
            exp: now + seconds,
            tenant_id: Some(tenant.id()),
            user_id: UserId::from_uuid(Uuid::from_u128(user)),
            roles: roles.to_vec(),
        };
        mint(self.keys.private_pem.as_bytes(), &claims).unwrap()
    }

    /// The token of a member of the tenant.
    pub(crate) fn member(&self) -> String {
        self.token(&self.tenant, 7, &[Role::Member])
    }

    pub(crate) fn request(&self, method: Method, path: &str, token: &str) -> RequestBuilder {
        self.client.request(method, format!("{}/api/v1{path}", self.url)).bearer_auth(token)
    }

    /// Sends JSON as a member.
    pub(crate) async fn post(&self, path: &str, body: &Value) -> (StatusCode, Value) {
        answer(self.request(Method::POST, path, &self.member()).json(body)).await
    }

    /// Asks as a member.
    pub(crate) async fn get(&self, path: &str) -> (StatusCode, Value) {
        answer(self.request(Method::GET, path, &self.member())).await
    }

    /// Starts a run and gives back its id.
    pub(crate) async fn start(&self, body: &Value) -> RunId {
        let (status, run) = self.post("/runs", body).await;
        assert_eq!(status, 201, "{run}");
        run["run_id"].as_str().unwrap().parse().unwrap()
    }

    /// One who writes the log of a run that was started, as its orchestrator would.
    pub(crate) async fn writer(&self, run: RunId) -> Writer {
        let log = RunLog::new(self.jetstream.clone(), Shards::ONE, DEADLINE).await.unwrap();
        let loaded = log.load(&self.tenant, run).await.unwrap().unwrap();
        let mut fence = loaded.fence;
        if let Some(first) = loaded.promised {
            let record = Record::of(RecordId::from_uuid(Uuid::from_u128(1)), &[*first]).unwrap().unwrap();
            fence = log.append(&self.tenant, run, &record, 0, &HeaderMap::new(), DEADLINE).await.unwrap();
        }
        Writer { log, tenant: self.tenant.clone(), run, seq: loaded.state.seq + 1, attempt: 0, fence }
    }

    /// Tries to watch a run with these headers.
    pub(crate) async fn try_watch(
        &self,
        run: RunId,
        after: u64,
        headers: &[(&'static str, &str)],
    ) -> Result<Socket, tungstenite::Error> {
        self.try_open(&format!("/runs/{run}/stream?after={after}"), headers).await
    }

    /// Tries to open a socket at an address with these headers.
    pub(crate) async fn try_open(
        &self,
        path: &str,
        headers: &[(&'static str, &str)],
    ) -> Result<Socket, tungstenite::Error> {
        let address = format!("{}/api/v1{path}", self.url.replacen("http", "ws", 1));
        let mut request = address.into_client_request().unwrap();
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse().unwrap());
        }
        tokio_tungstenite::connect_async(request).await.map(|(socket, _)| socket)
    }

    /// Watches a run as a member.
    pub(crate) async fn watch(&self, run: RunId, after: u64) -> Socket {
        let bearer = format!("Bearer {}", self.member());
        self.try_watch(run, after, &[("authorization", &bearer)]).await.unwrap()
    }
}

pub(crate) async fn answer(request: RequestBuilder) -> (StatusCode, Value) {
    let response = request.send().await.unwrap();
    let status = response.status();
    (status, response.json().await.unwrap_or_default())
}

/// The HTTP status and the code with which an upgrade was refused.
pub(crate) fn refusal(result: Result<Socket, tungstenite::Error>) -> (u16, String) {
    match result {
        Err(tungstenite::Error::Http(response)) => {
            let body = response.body().as_deref().unwrap_or_default();
            let json: Value = serde_json::from_slice(body).unwrap_or_default();
            (response.status().as_u16(), json["error"]["code"].as_str().unwrap_or_default().to_owned())
        }
        other => panic!("expected a refusal, found {other:?}"),
    }
}

/// The next event; panics when the stream ends or says nothing in time.
pub(crate) async fn event(socket: &mut Socket) -> Value {
    loop {
        let message = timeout(DEADLINE, socket.next()).await.expect("no event in time").expect("the stream ended");
        match message.unwrap() {
            Message::Text(text) => return serde_json::from_str(&text).unwrap(),
            Message::Ping(_) | Message::Pong(_) => {}
            other => panic!("expected an event, found {other:?}"),
        }
    }
}

/// All events up to the close, and the code of the close.
pub(crate) async fn to_the_end(socket: &mut Socket) -> (Vec<Value>, u16) {
    let mut events = Vec::new();
    loop {
        let message = timeout(DEADLINE, socket.next()).await.expect("no end in time").expect("no close before the end");
        match message.unwrap() {
            Message::Text(text) => events.push(serde_json::from_str(&text).unwrap()),
            Message::Close(frame) => {
                let _ = socket.flush().await;
                return (events, frame.map_or(0, |frame| frame.code.into()));
            }
            _ => {}
        }
    }
}

/// Says something, in JSON.
pub(crate) async fn say(socket: &mut Socket, message: Value) {
    socket.send(Message::text(message.to_string())).await.unwrap();
}

/// Says something, and gives back its answer; what comes before that is passed over.
pub(crate) async fn ask(socket: &mut Socket, message: Value) -> Value {
    let id = message["id"].clone();
    say(socket, message).await;
    loop {
        let heard = event(socket).await;
        if heard["id"] == id {
            return heard;
        }
    }
}

/// Says something that is refused, and gives back the code.
pub(crate) async fn refused(socket: &mut Socket, message: Value) -> String {
    let answer = ask(socket, message).await;
    assert_eq!(answer["type"], "rejected", "{answer}");
    answer["payload"]["code"].as_str().unwrap().to_owned()
}

/// The code of the close, whatever comes before it.
pub(crate) async fn closed(socket: &mut Socket) -> u16 {
    to_the_end(socket).await.1
}

/// The numbers of events.
pub(crate) fn seqs(events: &[Value]) -> Vec<u64> {
    events.iter().map(|event| event["seq"].as_u64().unwrap()).collect()
}
