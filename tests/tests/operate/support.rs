//! An account, a database and a configuration of its own for each test, and the program that operates them.

use std::{
    path::PathBuf,
    process::{Output, Stdio},
    time::Duration,
};

use async_nats::{
    HeaderMap,
    jetstream::{self, Context, message::StreamMessage},
};
use sba::local::{HubAccount, LocalError, nats, postgres};
use sba_service::{
    clock::{Clock as _, SystemClock},
    ids::TimeOrderedIds,
    log::{RunLog, Standing},
};
use sba_store::{
    DatabaseOptions, Page, Store,
    audit::{self, Actor},
    migrate,
    tenants::{self, NewTenant},
};
use sba_subjects::{
    command::{Command as RunCommand, CommandBody},
    dead,
    envelope::VERSION,
    event::{Created, RunOptions},
    id::{CommandId, RunId, TenantKey, UserId},
    run::Workflow,
    stream::{Shards, Stream},
    subject::Subject,
};
use sba_tests::run_log::streams;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{
    process::{Child, Command},
    time::Instant,
};

/// Longest time that a test waits for anything.
pub(crate) const DEADLINE: Duration = Duration::from_secs(60);

/// What an operator works with.
pub(crate) struct Office {
    pub(crate) jetstream: Context,
    pub(crate) store: Store,
    pub(crate) tenant: TenantKey,
    pub(crate) database: postgres::Database,
    hub: HubAccount,
    folder: TempDir,
}

/// What the program said.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Said {
    fn of(output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Self { code: output.status.code().unwrap_or(-1), out: text(output.stdout), err: text(output.stderr) }
    }

    /// The documents on standard output; the command must have succeeded.
    pub(crate) fn documents(&self) -> Vec<Value> {
        assert_eq!(self.code, 0, "{self:?}");
        self.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// The exit code and the stable code of a failure.
    pub(crate) fn failure(&self) -> (i32, &str) {
        let line = self.err.lines().last().unwrap_or_default();
        (self.code, line.strip_prefix("sba: ").and_then(|rest| rest.split(':').next()).unwrap_or(line))
    }
}

impl Office {
    /// With SBA's streams, an empty database and one tenant.
    pub(crate) async fn open() -> Self {
        let hub = HubAccount::new(nats::shared().await.unwrap()).await.unwrap();
        let jetstream = jetstream::new(hub.connect().await.unwrap());
        streams(&jetstream, 1).await.unwrap();
        let template = format!("sba_schema_{}", migrate::latest_version());
        let fill = async |fresh: &postgres::Database| -> Result<(), LocalError> {
            migrate::migrate(&fresh.owner_url, DEADLINE).await.unwrap();
            Ok(())
        };
        let database = postgres::shared().await.unwrap().create_database_from(&template, fill).await.unwrap();
        let store = Store::connect(&DatabaseOptions::new(&database.app_url)).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let tenant = nkeys::KeyPair::new_account().public_key().parse().unwrap();
        let office = Self { jetstream, store, tenant, database, hub, folder };
        office.hire(&office.tenant).await;
        office.configure(&json!({}));
        office
    }

    /// Makes a tenant in the database alone.
    async fn hire(&self, account: &TenantKey) {
        let (account, name, plan) = (account.clone(), "Acme".to_owned(), "standard".to_owned());
        let mut tx = self.store.begin(account.id()).await.unwrap();
        let tenant = NewTenant { account, name, plan, quota_tokens: None, config: json!({}) };
        tenants::create(&mut tx, &tenant, &Actor::default()).await.unwrap();
        tx.commit().await.unwrap();
    }

    /// Another tenant.
    pub(crate) async fn neighbour(&self) -> TenantKey {
        let account = nkeys::KeyPair::new_account().public_key().parse().unwrap();
        self.hire(&account).await;
        account
    }

    /// Writes the configuration, with other values where `change` has them.
    pub(crate) fn configure(&self, change: &Value) {
        let mut all = json!({
            "nats": {"url": self.hub.url(), "credentials": self.hub.credentials()},
            "database": {"url": self.database.app_url},
        });
        for (section, settings) in change.as_object().unwrap() {
            for (name, value) in settings.as_object().unwrap() {
                all[section][name] = value.clone();
            }
        }
        let toml: toml::Table = serde_json::from_value(all).unwrap();
        std::fs::write(self.config(), toml.to_string()).unwrap();
    }

    pub(crate) fn config(&self) -> PathBuf {
        self.folder.path().join("sba.toml")
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(sba::guard::program().unwrap());
        command.args(args).env("SBA_CONFIG", self.config()).env("USER", "ops");
        command.stdin(Stdio::null()).kill_on_drop(true);
        command
    }

    /// What the program says to these arguments.
    pub(crate) async fn sba(&self, args: &[&str]) -> Said {
        let output = tokio::time::timeout(DEADLINE, self.command(args).output()).await;
        Said::of(output.expect("the command does not end").unwrap())
    }

    /// The program with these arguments, left alone.
    pub(crate) fn begin(&self, args: &[&str]) -> Child {
        self.command(args).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    }

    /// Puts a letter among the dead; gives back its number.
    pub(crate) async fn bury(&self, original: Subject, reason: &str, body: bytes::Bytes, more: &[(&str, &str)]) -> u64 {
        let letter = Subject::Dead(sba_subjects::subject::DeadLetter::of(original).unwrap());
        let mut headers = HeaderMap::new();
        headers.insert(dead::REASON, reason);
        headers.insert(dead::DETAIL, "in words");
        headers.insert(dead::ATTEMPTS, "5");
        more.iter().for_each(|(name, value)| headers.insert(*name, *value));
        let stored = self.jetstream.publish_with_headers(letter.to_string(), headers, body).await.unwrap();
        stored.await.unwrap().sequence
    }

    /// The last message on a subject, where there is one.
    pub(crate) async fn last(&self, stream: Stream, subject: &Subject) -> Option<StreamMessage> {
        let stream = self.jetstream.get_stream(stream.as_str()).await.unwrap();
        stream.get_last_raw_message_by_subject(&subject.to_string()).await.ok()
    }

    /// How many messages a stream has.
    pub(crate) async fn count(&self, stream: Stream) -> u64 {
        self.jetstream.get_stream(stream.as_str()).await.unwrap().info().await.unwrap().state.messages
    }

    /// What the trail of a tenant has, the newest first.
    pub(crate) async fn trail(&self, tenant: &TenantKey) -> Vec<(String, Value)> {
        let mut tx = self.store.begin(tenant.id()).await.unwrap();
        let entries = audit::list(&mut tx, Page::new(1, Page::MAX_LIMIT)).await.unwrap();
        entries.items.into_iter().map(|entry| (entry.action, entry.payload)).collect()
    }
}

/// A new id of any kind.
pub(crate) fn id<T: From<uuid::Uuid>>() -> T {
    TimeOrderedIds::shared(SystemClock::shared()).make()
}

/// Looks again and again until there is something to see.
pub(crate) async fn until<T>(what: &str, look: impl AsyncFn() -> Option<T>) -> T {
    let end = Instant::now() + DEADLINE;
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(Instant::now() < end, "waited in vain for {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// An office with an orchestrator that drives one run at a time.
pub(crate) async fn orchestrated() -> (Office, Child) {
    let office = Office::open().await;
    office.configure(&json!({
        "orchestrator": {"max_runs": 1, "command_max_deliveries": 2},
        "model": {"provider": "scripted", "scripted": {"text": "It is due in thirty days."}},
        "telemetry": {"metrics_listen": ""},
    }));
    let orchestrator = office.begin(&["orchestrator"]);
    (office, orchestrator)
}

/// The command that starts a run of the agentic workflow.
pub(crate) fn start(tenant: &TenantKey) -> RunCommand {
    let created = Created {
        tenant_id: tenant.id(),
        user_id: UserId::from_uuid(uuid::Uuid::from_u128(7)),
        session_id: None,
        workflow: Workflow::Agentic,
        prompt: "When is it due?".to_owned(),
        options: RunOptions::default(),
        request_hash: "0".to_owned(),
        roles: vec!["member".to_owned()],
        settings: Box::default(),
        call: None,
        fork_of: None,
        schedule: None,
    };
    RunCommand { v: VERSION, id: id::<CommandId>(), ts: SystemClock.now_millis(), body: CommandBody::Start(created) }
}

/// Waits for the end of a run.
pub(crate) async fn ended(office: &Office, run: RunId) {
    let log = RunLog::new(office.jetstream.clone(), Shards::ONE, DEADLINE).await.unwrap();
    until("the end of the run", async || {
        matches!(log.standing(&office.tenant, run).await, Ok(Standing::Ended { .. })).then_some(())
    })
    .await;
}
