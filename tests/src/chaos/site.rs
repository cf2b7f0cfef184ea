//! The installation that is put through faults: two of each process, with proxies on the lines of the first of each, and
//! clocks that can be moved.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    path::PathBuf,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use super::{clock, ledger::Ledger};
use crate::{
    api::{User, until},
    model::ModelServer,
    proxy::Proxy,
};
use anyhow::Context as _;
use sba::local::{Durability, Ground, SbaProcess, Stack, StackModel, StackOptions};
use sba_service::clock::{Clock as _, SystemClock};
use serde_json::{Value, json};
use tempfile::TempDir;
use time::OffsetDateTime;
use tokio::time::{Instant, sleep};

/// The processes, by name. Those whose number is 1 reach their servers through proxies.
pub const PROCESSES: [&str; 6] = ["gateway-1", "gateway-2", "orchestrator-1", "orchestrator-2", "worker-1", "worker-2"];

/// Longest wait until something is as it should be, on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// What clients know and can reach, whatever happens to the processes.
#[derive(Debug)]
pub struct World {
    /// The addresses of the gateways.
    pub urls: Vec<String>,
    /// A user of a tenant whose tools are called at once.
    pub quick: User,
    /// A user of a tenant that wants some of its calls approved.
    pub careful: User,
    /// What was done to the world.
    pub ledger: Ledger,
    /// The model.
    pub model: ModelServer,
    epoch: AtomicU64,
    restored: Mutex<Option<(Instant, OffsetDateTime)>>,
}

impl World {
    /// Counts up whenever the log is restored to an earlier state.
    #[must_use]
    pub fn epoch(&self) -> u64 {
        self.epoch.load(Ordering::SeqCst)
    }

    /// Tells clients that what they were told counts for nothing from now on.
    pub fn restore(&self) {
        *self.moment() = Some((Instant::now(), SystemClock.now()));
        self.epoch.fetch_add(1, Ordering::SeqCst);
    }

    /// When the log was restored last. A run may have done something before that which its log does not know any more.
    #[must_use]
    pub fn restored(&self) -> Option<(Instant, OffsetDateTime)> {
        *self.moment()
    }

    fn moment(&self) -> MutexGuard<'_, Option<(Instant, OffsetDateTime)>> {
        self.restored.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The installation.
pub struct Site {
    /// Servers and processes.
    pub stack: Stack,
    /// What clients know.
    pub world: Arc<World>,
    lines: BTreeMap<String, Line>,
    clocks: TempDir,
}

/// The connections of one process.
struct Line {
    nats: Option<Proxy>,
    postgres: Proxy,
}

/// What the processes are told besides: little patience, so that faults show within seconds.
fn impatient() -> Value {
    json!({
        "nats": {"request_timeout_ms": 2_000, "reconnect_max_ms": 500},
        "orchestrator": {"answer_deadline_ms": 6_000, "cancel_grace_ms": 3_000, "append_deadline_ms": 10_000},
        "worker": {"ack_wait_ms": 2_000, "progress_ms": 500, "retry_min_ms": 100, "retry_max_ms": 2_000},
        "model": {"retry_min_ms": 100, "retry_max_ms": 1_000, "max_attempts": 8, "breaker_open_ms": 500},
    })
}

impl Site {
    /// Starts everything, with one NATS server or with three. `program` is the one that processes are.
    ///
    /// # Errors
    /// When something cannot be started.
    pub async fn start(program: PathBuf, three: bool) -> anyhow::Result<Self> {
        let ground = if three {
            Ground::start_cluster(|_| {}).await?
        } else {
            Ground::start(Durability::default(), |_| {}).await?
        };
        let (ledger, model, clocks) = (Ledger::open().await?, ModelServer::start().await?, tempfile::tempdir()?);
        let mut lines = BTreeMap::new();
        let mut own: BTreeMap<String, Value> = PROCESSES.map(|name| (name.to_owned(), json!({}))).into();
        for name in PROCESSES.iter().filter(|name| name.ends_with("-1")) {
            // The servers of a cluster tell their clients of each other: a proxy would be gone around.
            let line = Line::to(&ground, !three).await?;
            own.insert((*name).to_owned(), line.settings(&ground));
            lines.insert((*name).to_owned(), line);
        }
        let be = ["be".into(), "--ledger".into(), ledger.url().into(), "--clocks".into(), clocks.path().into()];
        let options = StackOptions {
            gateways: 2,
            model: StackModel::Scripted,
            own,
            program: Some(std::iter::once(OsString::from(program)).chain(be).collect()),
            ..StackOptions::default()
        };
        let options = options.with(impatient()).with(ModelServer::settings(model.address()));
        let stack = Stack::start_on(ground, options, |_| {}).await?;
        let urls = stack.urls();
        let quick = User::with_settings(&stack, &urls[0], &json!({})).await?;
        let careful = User::with_settings(&stack, &urls[0], &json!({"approve": ["task_update"]})).await?;
        let world = Arc::new(World {
            urls,
            quick,
            careful,
            ledger,
            model,
            epoch: AtomicU64::new(0),
            restored: Mutex::default(),
        });
        let site = Self { stack, world, lines, clocks };
        site.hand_documents_in().await?;
        Ok(site)
    }

    /// What runs that write reports can find.
    async fn hand_documents_in(&self) -> anyhow::Result<()> {
        let text = b"# Terms\n\nInvoices are due within thirty days. Rent is due on the first.".to_vec();
        for user in [&self.world.quick, &self.world.careful] {
            let document = user.document(&self.world.urls[0], "terms.md", text.clone(), PATIENCE).await?;
            anyhow::ensure!(document["status"] == "indexed", "{document}");
        }
        Ok(())
    }

    /// A process by its name.
    ///
    /// # Errors
    /// When there is none.
    pub fn process(&mut self, name: &str) -> anyhow::Result<&mut SbaProcess> {
        let (kind, number) = name.split_once('-').context("a name without a number")?;
        let all = match kind {
            "gateway" => self.stack.gateways(),
            "orchestrator" => self.stack.orchestrators(),
            _ => self.stack.workers(),
        };
        let number: usize = number.parse()?;
        all.get_mut(number - 1).with_context(|| format!("there is no {name}"))
    }

    /// Starts a process that was killed, as often as it takes: what it needs may be out of reach, and it ends then.
    ///
    /// # Errors
    /// When it does not stay for too long.
    pub async fn revive(&mut self, name: &str) -> anyhow::Result<()> {
        let end = Instant::now() + PATIENCE;
        while let Err(error) = self.process(name)?.restart().await {
            anyhow::ensure!(Instant::now() < end, "{name} does not come back: {error}");
            sleep(Duration::from_millis(200)).await;
        }
        Ok(())
    }

    /// The lines of a process to its servers, where they have proxies.
    pub fn lines(&self, name: &str) -> impl Iterator<Item = &Proxy> {
        self.lines.get(name).into_iter().flat_map(|line| line.nats.iter().chain([&line.postgres]))
    }

    /// Moves the clock of a process; 0 puts it right.
    ///
    /// # Errors
    /// When its file cannot be written.
    pub fn move_clock(&self, name: &str, offset_ms: i64) -> anyhow::Result<()> {
        Ok(clock::set(&self.clocks.path().join(name), offset_ms)?)
    }

    /// Waits until every process can do its work.
    ///
    /// # Errors
    /// When one cannot for too long.
    pub async fn ready(&mut self) -> anyhow::Result<()> {
        for name in PROCESSES {
            let url = format!("{}/readyz", self.process(name)?.ops_url());
            let what = format!("{name} to be ready");
            let ready = until(&what, PATIENCE, async || {
                Ok(reqwest::get(&url).await.ok().filter(|answer| answer.status().is_success()).map(drop))
            });
            if let Err(error) = ready.await {
                return Err(error.context(self.process(name)?.log_tail()));
            }
        }
        Ok(())
    }
}

impl Line {
    async fn to(ground: &Ground, through_nats: bool) -> anyhow::Result<Self> {
        let nats = if through_nats { Some(Proxy::start(host(ground.hub().url())?).await?) } else { None };
        Ok(Self { nats, postgres: Proxy::start(host(&ground.database().app_url)?).await? })
    }

    /// What has a process go through the proxies.
    fn settings(&self, ground: &Ground) -> Value {
        let through = |url: &str, proxy: &Proxy| {
            host(url).map(|host| url.replacen(host, &proxy.address().to_string(), 1)).unwrap_or_default()
        };
        let mut settings = json!({"database": {"url": through(&ground.database().app_url, &self.postgres)}});
        if let Some(nats) = &self.nats {
            settings["nats"] = json!({"url": through(ground.hub().url(), nats)});
        }
        settings
    }
}

/// Host and port of a URL.
fn host(url: &str) -> anyhow::Result<&str> {
    let after = url.rsplit_once('@').or_else(|| url.split_once("://")).context("no URL")?.1;
    Ok(after.split(['/', '?']).next().unwrap_or(after))
}
