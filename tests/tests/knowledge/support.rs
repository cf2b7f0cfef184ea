//! A worker with a database, blobs and an account of its own.

use std::{future::Future, sync::Arc, time::Duration};

use async_nats::jetstream::{self, Context};
use sba::local::{HubAccount, nats, postgres};
use sba_service::{
    clock::SystemClock,
    config::{
        BlobsConfig, Config, DatabaseConfig, Embedder, KnowledgeConfig, Millis, NatsConfig, Secret, WorkerConfig,
    },
    shutdown::Shutdown,
};
use sba_store::{
    DatabaseOptions, Store,
    audit::Actor,
    blob::{BlobKey, BlobOptions, Blobs, S3Options},
    documents::{self, Document, DocumentStatus, NewDocument},
    language::Language,
    migrate,
    tenants::{self, NewTenant},
};
use sba_subjects::{
    codec,
    command::{Command, CommandBody},
    envelope::VERSION,
    event::ToolResult,
    id::{CallId, DocumentId, RunId, TenantKey, UserId},
    job::{IndexJob, Job, JobBody, ToolJob, queue_of},
    name::{Queue, Verb},
    run::Effect,
    stream::Stream,
    subject::{DeadLetter, Subject},
};
use sba_workers::tool::Tool;
use serde_json::Value;
use tempfile::TempDir;
use tokio::{task::JoinHandle, time::Instant};
use tokio_util::sync::DropGuard;
use uuid::Uuid;

/// Longest wait for anything, on a busy machine too.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// What a worker works with, and the worker.
pub(crate) struct Bench {
    pub(crate) jetstream: Context,
    pub(crate) store: Store,
    pub(crate) blobs: Blobs,
    pub(crate) tenant: TenantKey,
    worker: Running,
    pub(crate) config: Config,
    hub: HubAccount,
    folder: TempDir,
}

/// A worker in this process.
struct Running {
    ended: JoinHandle<Result<(), sba_workers::WorkerError>>,
    shutdown: Shutdown,
    /// A test that panics ends the worker too.
    _end: DropGuard,
}

impl Running {
    fn start(config: &Config, tools: Vec<Arc<dyn Tool>>) -> Self {
        let shutdown = Shutdown::new(Duration::from_secs(10));
        let end = shutdown.hard().drop_guard();
        // A process holds its future on its first thread, so it need not be `Send`.
        let (runtime, ending, config) = (tokio::runtime::Handle::current(), shutdown.clone(), config.clone());
        let work = move || runtime.block_on(sba_workers::run(config, tools, SystemClock::shared(), ending));
        Self { ended: tokio::task::spawn_blocking(work), shutdown, _end: end }
    }
}

/// Asks again and again until there is an answer.
pub(crate) async fn until<T, F: Future<Output = Option<T>>>(what: &str, ask: impl Fn() -> F) -> T {
    let end = Instant::now() + PATIENCE;
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(Instant::now() < end, "waited in vain: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

pub(crate) async fn database() -> (Store, String) {
    let template = format!("sba_schema_{}", migrate::latest_version());
    let fill = async |fresh: &postgres::Database| -> Result<(), sba::local::LocalError> {
        migrate::migrate(&fresh.owner_url, PATIENCE).await.unwrap();
        Ok(())
    };
    let database = postgres::shared().await.unwrap().create_database_from(&template, fill).await.unwrap();
    (Store::connect(&DatabaseOptions::new(&database.app_url)).await.unwrap(), database.app_url.clone())
}

pub(crate) async fn new_tenant(store: &Store) -> TenantKey {
    let account: TenantKey = nkeys::KeyPair::new_account().public_key().parse().unwrap();
    let new = NewTenant {
        account: account.clone(),
        name: "Acme".to_owned(),
        plan: "standard".to_owned(),
        quota_tokens: None,
        config: serde_json::json!({}),
    };
    let mut tx = store.begin(account.id()).await.unwrap();
    tenants::create(&mut tx, &new, &Actor::default()).await.unwrap();
    tx.commit().await.unwrap();
    account
}

pub(crate) fn open_blobs(folder: &TempDir) -> Blobs {
    let url = format!("file://{}", folder.path().join("blobs").display());
    let options =
        BlobOptions { url, s3: S3Options::default(), max_bytes: 1 << 24, request: PATIENCE, deadline: PATIENCE };
    Blobs::open(&options).unwrap()
}

impl Bench {
    pub(crate) async fn start() -> Self {
        Self::start_with(Vec::new()).await
    }

    /// A worker that has further tools.
    pub(crate) async fn start_with(tools: Vec<Arc<dyn Tool>>) -> Self {
        Self::start_configured(|_| (), tools).await
    }

    /// A worker with other settings.
    pub(crate) async fn start_configured(change: impl FnOnce(&mut Config), tools: Vec<Arc<dyn Tool>>) -> Self {
        let hub = HubAccount::new(nats::shared().await.unwrap()).await.unwrap();
        let (store, url) = database().await;
        let folder = tempfile::tempdir().unwrap();
        let mut config = Config {
            nats: NatsConfig {
                url: hub.url().to_owned(),
                credentials: Some(hub.credentials().to_owned()),
                ..NatsConfig::default()
            },
            database: DatabaseConfig { url: Some(Secret::new(url)), ..DatabaseConfig::default() },
            blobs: BlobsConfig {
                url: format!("file://{}", folder.path().join("blobs").display()),
                ..BlobsConfig::default()
            },
            knowledge: KnowledgeConfig { embedder: Embedder::Hashed, ..KnowledgeConfig::default() },
            worker: WorkerConfig {
                retry_min_ms: Millis::new(10),
                retry_max_ms: Millis::new(100),
                max_deliveries: 3,
                ..WorkerConfig::default()
            },
            telemetry: sba_service::config::TelemetryConfig {
                metrics_listen: String::new(),
                ..sba_service::config::TelemetryConfig::default()
            },
            ..Config::default()
        };
        change(&mut config);
        let tenant = new_tenant(&store).await;
        let worker = Running::start(&config, tools);
        let jetstream = jetstream::new(hub.connect().await.unwrap());
        let blobs = open_blobs(&folder);
        let bench = Self { jetstream, store, blobs, tenant, worker, config, hub, folder };
        until("the worker's queues", || async {
            bench
                .jetstream
                .get_stream(Stream::Jobs.as_str())
                .await
                .ok()?
                .consumer_info(Queue::ToolExec.as_str())
                .await
                .ok()
        })
        .await;
        bench
    }

    /// Hands a document in and its job out, as the gateway does.
    pub(crate) async fn put(&self, source: &str, media_type: &str, content: &[u8]) -> DocumentId {
        let new = new_document(&self.tenant, source, media_type, content);
        self.blobs.put(&new.blob, content.to_vec().into()).await.unwrap();
        let mut tx = self.store.begin(self.tenant.id()).await.unwrap();
        let id = documents::put(&mut tx, &new, &Actor::default()).await.unwrap().id();
        tx.commit().await.unwrap();
        let content_sha256: String = new.content_sha256.iter().map(|byte| format!("{byte:02x}")).collect();
        self.give(
            Queue::Index,
            CallId::from_uuid(Uuid::new_v4()),
            JobBody::Index(IndexJob { document_id: id, content_sha256, upload: None }),
        )
        .await;
        id
    }

    /// Waits until a document's job is done.
    pub(crate) async fn settled(&self, id: DocumentId) -> Document {
        until("a document to be indexed", || async {
            let mut tx = self.store.begin(self.tenant.id()).await.unwrap();
            let document = documents::get(&mut tx, id).await.unwrap().unwrap();
            (document.status != DocumentStatus::Pending).then_some(document)
        })
        .await
    }

    /// Calls a tool for a run and waits for the result.
    pub(crate) async fn call(&self, run: RunId, call: CallId, tool: &str, params: Value) -> ToolResult {
        let seen = self.answered(run).await;
        self.ask(run, call, tool, params).await;
        self.result(run, seen).await
    }

    /// Gives a call of a tool to the worker.
    pub(crate) async fn ask(&self, run: RunId, call: CallId, tool: &str, params: Value) {
        let tool_name = tool.parse().unwrap();
        let queue = queue_of(&tool_name);
        self.give(queue, call, JobBody::Tool(ToolJob { run, step: 1, tool_name, params, effect: Effect::Pure })).await;
    }

    /// Where the last result for a run stands; 0 for none.
    async fn answered(&self, run: RunId) -> u64 {
        let subject = Subject::Cmd { tenant: self.tenant.clone(), run, verb: Verb::Result }.to_string();
        self.last(Stream::Cmds, &subject).await.map_or(0, |message| message.sequence)
    }

    /// Waits for a result for a run that stands behind `seen`.
    pub(crate) async fn result(&self, run: RunId, seen: u64) -> ToolResult {
        let subject = Subject::Cmd { tenant: self.tenant.clone(), run, verb: Verb::Result }.to_string();
        until("a result", || async {
            let message = self.last(Stream::Cmds, &subject).await.filter(|message| message.sequence > seen)?;
            let command: Command = codec::decode(&message.payload).unwrap();
            match command.body {
                CommandBody::Result(result) => Some(result),
                other => panic!("{other:?}"),
            }
        })
        .await
    }

    pub(crate) async fn give(&self, queue: Queue, call: CallId, body: JobBody) {
        let job = Job {
            v: VERSION,
            id: call,
            tenant_id: self.tenant.id(),
            user_id: UserId::from_uuid(Uuid::from_u128(7)),
            ts: 0,
            body,
        };
        let subject = Subject::Job { tenant: self.tenant.clone(), queue, call }.to_string();
        // A job is answered before it is acknowledged, and while it stands in the queue it is not taken again.
        until("the job before to leave the queue", async || {
            self.last(Stream::Jobs, &subject).await.is_none().then_some(())
        })
        .await;
        self.publish(subject, codec::encode(&job).unwrap()).await;
    }

    pub(crate) async fn publish(&self, subject: String, body: bytes::Bytes) {
        self.jetstream.publish(subject, body).await.unwrap().await.unwrap();
    }

    pub(crate) async fn last(&self, stream: Stream, subject: &str) -> Option<jetstream::message::StreamMessage> {
        let stream = self.jetstream.get_stream(stream.as_str()).await.unwrap();
        stream.get_last_raw_message_by_subject(subject).await.ok()
    }

    /// Waits until no job is left.
    pub(crate) async fn idle(&self) {
        until("the queue to be empty", || async {
            let mut stream = self.jetstream.get_stream(Stream::Jobs.as_str()).await.unwrap();
            (stream.info().await.unwrap().state.messages == 0).then_some(())
        })
        .await;
    }

    /// Where the worker's files are.
    pub(crate) fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }

    /// Another connection to the same servers.
    pub(crate) async fn connect(&self) -> async_nats::Client {
        self.hub.connect().await.unwrap()
    }

    /// The dead letter of a job.
    pub(crate) async fn dead(&self, queue: Queue, call: CallId) -> Option<jetstream::message::StreamMessage> {
        let job = Subject::Job { tenant: self.tenant.clone(), queue, call };
        self.last(Stream::Dead, &Subject::Dead(DeadLetter::of(job).unwrap()).to_string()).await
    }

    /// Ends the worker as a second signal does, and starts another.
    pub(crate) async fn replace(&mut self, tools: Vec<Arc<dyn Tool>>) {
        let old = std::mem::replace(&mut self.worker, Running::start(&self.config, tools));
        old.shutdown.now();
        tokio::time::timeout(PATIENCE, old.ended).await.unwrap().unwrap().unwrap();
    }

    /// Ends the worker as a signal does.
    pub(crate) async fn stop(self) {
        self.worker.shutdown.begin();
        tokio::time::timeout(PATIENCE, self.worker.ended).await.unwrap().unwrap().unwrap();
    }
}

/// A document whose id follows from its source. The hash is any that differs with the content.
pub(crate) fn new_document(tenant: &TenantKey, source: &str, media_type: &str, content: &[u8]) -> NewDocument {
    let id = DocumentId::from_uuid(tenant.derive("document", source));
    let mut content_sha256 = [0; 32];
    content_sha256[..16].copy_from_slice(tenant.derive("content", &String::from_utf8_lossy(content)).as_bytes());
    NewDocument {
        id,
        title: source.to_owned(),
        source: source.to_owned(),
        media_type: media_type.to_owned(),
        language: Language::ENGLISH,
        content_sha256,
        bytes: content.len() as u64,
        blob: BlobKey::document(tenant.id(), id.as_uuid(), content_sha256),
    }
}
