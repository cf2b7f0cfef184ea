//! Orchestrators and workers in this process, with an account and a database of their own. Postgres is known to the
//! workers alone.

use std::time::Duration;

use async_nats::jetstream::{self, Context};
use futures::future::BoxFuture;
use sba::local::{HubAccount, LocalError, nats, postgres};
use sba_service::{
    clock::{Clock as _, SystemClock},
    config::{Config, Embedder, Millis, ModelProvider, ScriptedCall, Secret},
    log::RunLog,
    shutdown::Shutdown,
};
use sba_store::{
    DatabaseOptions, Page, Store,
    audit::Actor,
    migrate, tasks,
    tenants::{self, NewTenant},
};
use sba_subjects::{
    codec,
    command::{Command, CommandBody},
    envelope::{Envelope, VERSION},
    event::{Created, Event, RunOptions},
    id::{CommandId, RunId, TenantKey, UserId},
    record::Record,
    run::{Failure, RunStatus, Stall, Workflow},
    state::RunState,
    stream::Stream,
    subject::Subject,
};
use sba_tests::run_log::{Writer, ids};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{task::JoinHandle, time::Instant};
use tokio_util::sync::DropGuard;
use uuid::Uuid;

/// Longest wait for anything, on a busy machine too.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);
/// After this time a run counts as quiet.
pub(crate) const STALL: u64 = 300;

/// An installation without a gateway.
pub(crate) struct Bench {
    pub(crate) jetstream: Context,
    pub(crate) log: RunLog,
    pub(crate) tenant: TenantKey,
    config: Config,
    database: String,
    _hub: HubAccount,
    _folder: TempDir,
}

/// A process in this process. It ends when this is dropped.
pub(crate) struct Running {
    shutdown: Shutdown,
    ended: JoinHandle<()>,
    _end: DropGuard,
}

impl Running {
    fn start(work: impl FnOnce(Shutdown) -> BoxFuture<'static, ()> + Send + 'static) -> Self {
        let shutdown = Shutdown::new(Duration::from_secs(10));
        let end = shutdown.hard().drop_guard();
        let ended = tokio::spawn(work(shutdown.clone()));
        Self { shutdown, ended, _end: end }
    }

    /// Ends it as a signal does.
    pub(crate) async fn stop(self) {
        self.shutdown.begin();
        tokio::time::timeout(PATIENCE, self.ended).await.unwrap().unwrap();
    }
}

/// Asks again and again until there is an answer.
pub(crate) async fn until<T>(what: &str, ask: impl AsyncFn() -> Option<T>) -> T {
    let end = Instant::now() + PATIENCE;
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(Instant::now() < end, "waited in vain: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// A call that the scripted model asks for.
pub(crate) fn call(name: &str, arguments: Value) -> ScriptedCall {
    let arguments = arguments.as_object().unwrap().clone();
    ScriptedCall { name: name.to_owned(), arguments }
}

impl Bench {
    /// A tenant, and nobody who does anything for it.
    pub(crate) async fn new(calls: Vec<ScriptedCall>, change: impl FnOnce(&mut Config)) -> Self {
        let hub = HubAccount::new(nats::shared().await.unwrap()).await.unwrap();
        let template = format!("sba_schema_{}", migrate::latest_version());
        let fill = async |fresh: &postgres::Database| -> Result<(), LocalError> {
            migrate::migrate(&fresh.owner_url, PATIENCE).await.unwrap();
            Ok(())
        };
        let database = postgres::shared().await.unwrap().create_database_from(&template, fill).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let mut config = Config::default();
        config.nats.url = hub.url().to_owned();
        config.nats.credentials = Some(hub.credentials().to_owned());
        config.blobs.url = format!("file://{}", folder.path().join("blobs").display());
        config.knowledge.embedder = Embedder::Hashed;
        config.telemetry.metrics_listen = String::new();
        config.model.provider = ModelProvider::Scripted;
        config.model.scripted.calls = vec![calls];
        config.orchestrator.heartbeat_ms = Millis::new(50);
        config.orchestrator.supervise_interval_ms = Millis::new(50);
        config.orchestrator.stall_ms = Millis::new(STALL);
        change(&mut config);
        let tenant = new_tenant(&database.app_url).await;
        let jetstream = jetstream::new(hub.connect().await.unwrap());
        sba_tests::run_log::streams(&jetstream, 1).await.unwrap();
        let log = RunLog::new(jetstream.clone(), sba_subjects::stream::Shards::ONE, PATIENCE).await.unwrap();
        Self { jetstream, log, tenant, config, database: database.app_url.clone(), _hub: hub, _folder: folder }
    }

    /// An orchestrator that has never heard of Postgres.
    pub(crate) fn orchestrator(&self) -> Running {
        let mut config = self.config.clone();
        config.database.url = Some(Secret::new("postgres://nobody@127.0.0.1:1/none".to_owned()));
        Running::start(|shutdown| {
            Box::pin(async { sba_orchestrator::run(config, SystemClock::shared(), shutdown).await.unwrap() })
        })
    }

    /// A worker that looks after runs and does nothing else.
    pub(crate) fn caretaker(&self) -> Running {
        self.worker_with(0)
    }

    /// A worker.
    pub(crate) fn worker(&self) -> Running {
        self.worker_with(4)
    }

    fn worker_with(&self, tools: usize) -> Running {
        let mut config = self.config.clone();
        config.database.url = Some(Secret::new(self.database.clone()));
        config.worker.concurrency.tool_exec = tools;
        Running::start(|shutdown| {
            // A process holds its future on its first thread, so it need not be `Send`.
            let runtime = tokio::runtime::Handle::current();
            let work = tokio::task::spawn_blocking(move || {
                runtime.block_on(sba_workers::run(config, Vec::new(), SystemClock::shared(), shutdown))
            });
            Box::pin(async { work.await.unwrap().unwrap() })
        })
    }

    fn request(&self) -> Created {
        Created {
            tenant_id: self.tenant.id(),
            user_id: UserId::from_uuid(Uuid::from_u128(7)),
            session_id: None,
            workflow: Workflow::Agentic,
            prompt: "What is due?".to_owned(),
            options: RunOptions::default(),
            request_hash: String::new(),
            roles: vec!["member".to_owned()],
            settings: Box::default(),
            call: None,
            fork_of: None,
            schedule: None,
        }
    }

    /// A run whose acceptance is all that its log has, and one who writes it.
    pub(crate) async fn accepted(&self) -> Writer {
        let run = RunId::from_uuid(ids().uuid());
        let (log, tenant) = (self.log.clone(), self.tenant.clone());
        let mut writer = Writer { log, tenant, run, seq: 1, attempt: 0, fence: 0 };
        let id = CommandId::from_uuid(ids().uuid());
        let start = Command { v: VERSION, id, ts: now(), body: CommandBody::Start(self.request()) };
        let first = start.first_event(run, self.request());
        writer.append(&Record::of(ids().make(), &[first]).unwrap().unwrap()).await.unwrap();
        writer
    }

    /// Starts a run as the gateway does.
    pub(crate) async fn start(&self) -> RunId {
        let run = RunId::from_uuid(ids().uuid());
        self.tell(run, CommandBody::Start(self.request())).await;
        run
    }

    pub(crate) async fn tell(&self, run: RunId, body: CommandBody) {
        let command = Command { v: VERSION, id: CommandId::from_uuid(ids().uuid()), ts: now(), body };
        let subject = Subject::Cmd { tenant: self.tenant.clone(), run, verb: command.body.verb() };
        self.jetstream.publish(&subject, codec::encode(&command).unwrap()).await.unwrap().await.unwrap();
    }

    pub(crate) async fn state(&self, run: RunId) -> Option<RunState> {
        self.log.load(&self.tenant, run).await.unwrap().map(|loaded| loaded.state)
    }

    /// Waits until a run stands so.
    pub(crate) async fn stands(&self, run: RunId, status: RunStatus) -> RunState {
        until(&format!("the run to be {status}"), async || {
            let state = self.state(run).await?;
            assert!(state.status == status || !state.status.is_terminal(), "{:?} {:?}", state.status, state.error);
            (state.status == status).then_some(state)
        })
        .await
    }

    /// How a run failed.
    pub(crate) async fn failed(&self, run: RunId) -> Failure {
        self.stands(run, RunStatus::Failed).await.error.unwrap()
    }

    /// Everything that a run said.
    pub(crate) async fn said(&self, run: RunId) -> Vec<Envelope> {
        let page = self.log.history(&self.tenant, run, 0).await.unwrap();
        let events: Vec<Envelope> = page.records.iter().flat_map(|stored| stored.events().unwrap()).collect();
        assert!(events.iter().zip(1..).all(|(event, seq)| event.seq == seq), "a gap or a repeat: {events:?}");
        events
    }

    /// Why a run was driven on, each time.
    pub(crate) async fn stalls(&self, run: RunId) -> Vec<Stall> {
        let said = self.said(run).await;
        let stalled = said.iter().filter_map(|event| match &event.payload {
            Event::Stalled(stalled) => Some(stalled.reason),
            _ => None,
        });
        stalled.collect()
    }

    /// Messages that stand in a stream, on subjects that a pattern covers.
    pub(crate) async fn standing(&self, stream: Stream, pattern: &str) -> usize {
        let stream = self.jetstream.get_stream(stream.as_str()).await.unwrap();
        let mut subjects = stream.info_with_subjects(pattern).await.unwrap();
        let mut count = 0;
        while let Some(Ok((_, messages))) = futures::StreamExt::next(&mut subjects).await {
            count += messages;
        }
        count
    }

    /// Waits until something stands on subjects that a pattern covers.
    pub(crate) async fn comes(&self, stream: Stream, pattern: &str) {
        let what = format!("something on {pattern}");
        until(&what, async || (self.standing(stream, pattern).await > 0).then_some(())).await;
    }

    /// Loses all that stands in a stream, on subjects that a pattern covers.
    pub(crate) async fn lose(&self, stream: Stream, pattern: &str) {
        let stream = self.jetstream.get_stream(stream.as_str()).await.unwrap();
        stream.purge().filter(pattern).await.unwrap();
    }

    /// How many tasks the tenant has.
    pub(crate) async fn tasks(&self) -> u64 {
        let store = Store::connect(&DatabaseOptions::new(&self.database)).await.unwrap();
        let mut tx = store.begin(self.tenant.id()).await.unwrap();
        tasks::list(&mut tx, None, Page::new(1, 10)).await.unwrap().total
    }

    /// How often something was stored in a stream so far.
    pub(crate) async fn stored(&self, stream: Stream) -> u64 {
        let stream = self.jetstream.get_stream(stream.as_str()).await.unwrap();
        stream.cached_info().state.last_sequence
    }
}

async fn new_tenant(database: &str) -> TenantKey {
    let account: TenantKey = nkeys::KeyPair::new_account().public_key().parse().unwrap();
    let store = Store::connect(&DatabaseOptions::new(database)).await.unwrap();
    let (name, plan) = ("Acme".to_owned(), "standard".to_owned());
    let new = NewTenant { account: account.clone(), name, plan, quota_tokens: None, config: json!({}) };
    let mut tx = store.begin(account.id()).await.unwrap();
    tenants::create(&mut tx, &new, &Actor::default()).await.unwrap();
    tx.commit().await.unwrap();
    account
}

fn now() -> u64 {
    SystemClock.now_millis()
}
