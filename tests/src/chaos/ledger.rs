//! A ledger of effects outside of SBA: what tools did to the world, counted where the world is.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use axum::{Json, Router, extract::State, routing::post};
use sba_subjects::run::Effect;
use serde::{Deserialize, Serialize};
use tokio::{net::TcpListener, sync::watch, task::JoinHandle, time::Instant};
use uuid::Uuid;

/// How long an entry takes, before and after it is made: long enough that whoever asks for one dies in the middle.
const SLOW: Duration = Duration::from_millis(20);

/// What a tool does to the world.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The run that wants it.
    pub run: Uuid,
    /// The step of the run: its one intent.
    pub step: u32,
    /// The key under which it is asked for.
    pub key: Uuid,
    /// What the tool that asks says of repeating it.
    pub effect: Effect,
}

/// What was done for one step of a run.
#[derive(Debug, Clone)]
pub struct Done {
    /// What the tool said of repeating it.
    pub effect: Effect,
    /// How often it was asked for.
    pub times: usize,
    /// When first.
    pub at: Instant,
    /// Under which keys. What repeats under one key is one effect where the tool is idempotent.
    pub keys: BTreeSet<Uuid>,
}

/// The ledger, in this process: nothing that is killed takes it with it.
#[derive(Debug)]
pub struct Ledger {
    url: String,
    entries: Arc<Entries>,
    serving: JoinHandle<()>,
}

#[derive(Debug)]
struct Entries {
    all: Mutex<BTreeMap<(Uuid, u32), Done>>,
    held: watch::Sender<bool>,
    /// Entries that are being made.
    under_way: watch::Sender<usize>,
}

/// An entry that is being made, until it is dropped: whoever wanted it may be gone.
struct UnderWay(Arc<Entries>);

impl UnderWay {
    fn begin(entries: Arc<Entries>) -> Self {
        entries.under_way.send_modify(|count| *count += 1);
        Self(entries)
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.under_way.send_modify(|count| *count -= 1);
    }
}

impl Entries {
    fn all(&self) -> MutexGuard<'_, BTreeMap<(Uuid, u32), Done>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ledger {
    /// Opens an empty ledger on a free port.
    ///
    /// # Errors
    /// When no port can be had.
    pub async fn open() -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        let entries = Arc::new(Entries {
            all: Mutex::default(),
            held: watch::Sender::new(false),
            under_way: watch::Sender::new(0),
        });
        let router = Router::new().route("/", post(enter)).with_state(entries.clone());
        let serving = tokio::spawn(async move { drop(axum::serve(listener, router).await) });
        Ok(Self { url, entries, serving })
    }

    /// Where tools make their entries.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Leaves whoever makes an entry without an answer, until [`answer`](Self::answer).
    pub fn hold(&self) {
        self.entries.held.send_replace(true);
    }

    /// Answers those who wait, and those to come.
    pub fn answer(&self) {
        self.entries.held.send_replace(false);
    }

    /// Waits until nobody is making an entry.
    pub async fn at_rest(&self) {
        // The sender is part of the entries, and there as long as they are.
        let _ = self.entries.under_way.subscribe().wait_for(|count| *count == 0).await;
    }

    /// What was done for a step of a run; `None` for nothing.
    #[must_use]
    pub fn of(&self, run: Uuid, step: u32) -> Option<Done> {
        self.entries.all().get(&(run, step)).cloned()
    }

    /// Everything that was done, by run and step.
    #[must_use]
    pub fn all(&self) -> BTreeMap<(Uuid, u32), Done> {
        self.entries.all().clone()
    }
}

impl Drop for Ledger {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn enter(State(entries): State<Arc<Entries>>, Json(entry): Json<Entry>) {
    let _under_way = UnderWay::begin(entries.clone());
    tokio::time::sleep(SLOW).await;
    {
        let mut all = entries.all();
        let done = all.entry((entry.run, entry.step)).or_insert_with(|| Done {
            effect: entry.effect,
            times: 0,
            at: Instant::now(),
            keys: BTreeSet::new(),
        });
        done.times += 1;
        done.keys.insert(entry.key);
    }
    tokio::time::sleep(SLOW).await;
    // The sender is part of the entries, and there as long as they are.
    let _ = entries.held.subscribe().wait_for(|held| !held).await;
}
