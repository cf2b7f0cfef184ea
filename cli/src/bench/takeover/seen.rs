//! What is seen of runs: who owns each, and when it spoke again after its owner's death.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use anyhow::Context as _;
use async_nats::Client;
use futures::StreamExt as _;
use sba_subjects::{
    event::Event,
    id::{InstanceId, RunId},
    record,
    subject::{Subject, filter},
};
use tokio::sync::watch;
use tokio_util::task::AbortOnDropHandle;

/// What is known of all runs, kept up to date until it is dropped.
pub(super) struct Seen {
    runs: Arc<Mutex<HashMap<RunId, Known>>>,
    news: watch::Receiver<()>,
    _watching: AbortOnDropHandle<()>,
}

#[derive(Debug, Default)]
struct Known {
    owner: Option<InstanceId>,
    speaks: bool,
    ended: bool,
    /// Who owned it when an owner was killed, and when another took it.
    before: Option<InstanceId>,
    taken_over: Option<Instant>,
}

impl Seen {
    pub(super) async fn watch(client: &Client) -> anyhow::Result<Self> {
        let mut messages = client.subscribe(filter::LIVE).await?;
        client.flush().await?;
        let runs: Arc<Mutex<HashMap<RunId, Known>>> = Arc::default();
        let (say, news) = watch::channel(());
        let all = Arc::clone(&runs);
        let watching = tokio::spawn(async move {
            while let Some(message) = messages.next().await {
                let Ok(Subject::Live { run, .. }) = message.subject.as_str().parse() else { continue };
                let Ok(events) = record::known(&message.payload) else { continue };
                {
                    let mut all = lock(&all);
                    let known = all.entry(run).or_default();
                    events.iter().for_each(|event| known.hear(&event.payload));
                }
                say.send_replace(());
            }
        });
        Ok(Self { runs, news, _watching: AbortOnDropHandle::new(watching) })
    }

    /// Waits until it is so.
    pub(super) async fn until(&self, patience: Duration, what: &str, so: impl Fn(&Self) -> bool) -> anyhow::Result<()> {
        let mut news = self.news.clone();
        let waited = tokio::time::timeout(patience, async {
            while !so(self) {
                news.changed().await.context("the connection to NATS ended")?;
            }
            anyhow::Ok(())
        });
        waited.await.with_context(|| format!("within {} s it was not so that {what}", patience.as_secs()))?
    }

    pub(super) fn speaks(&self, run: RunId) -> bool {
        self.of(run, |known| known.speaks)
    }

    pub(super) fn ended(&self, run: RunId) -> bool {
        self.of(run, |known| known.ended)
    }

    /// Notes who owns each run now.
    pub(super) fn freeze_owners(&self, runs: &[RunId]) {
        let mut all = lock(&self.runs);
        for run in runs {
            if let Some(known) = all.get_mut(run) {
                known.before = known.owner;
            }
        }
    }

    /// Whether somebody is known to be dead, and all that it owned is taken over.
    pub(super) fn all_taken_over(&self, runs: &[RunId]) -> bool {
        let all = lock(&self.runs);
        let dead = runs.iter().filter_map(|run| all.get(run)).find(|known| known.taken_over.is_some());
        let Some(dead) = dead.and_then(|known| known.before) else { return false };
        runs.iter()
            .filter_map(|run| all.get(run))
            .all(|known| known.before != Some(dead) || known.taken_over.is_some() || known.ended)
    }

    /// When each was taken over that was.
    pub(super) fn taken_over(&self, runs: &[RunId]) -> Vec<Instant> {
        let all = lock(&self.runs);
        runs.iter().filter_map(|run| all.get(run)?.taken_over).collect()
    }

    pub(super) fn forget(&self) {
        lock(&self.runs).clear();
    }

    fn of(&self, run: RunId, ask: impl FnOnce(&Known) -> bool) -> bool {
        lock(&self.runs).get(&run).is_some_and(ask)
    }
}

impl Known {
    fn hear(&mut self, event: &Event) {
        match event {
            Event::Attempt(attempt) => {
                if self.before.is_some_and(|before| before != attempt.instance) {
                    self.taken_over.get_or_insert_with(Instant::now);
                }
                self.owner = Some(attempt.instance);
            }
            Event::Token(_) => self.speaks = true,
            Event::Done(_) => self.ended = true,
            _ => {}
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // No code that holds the lock panics half way through a change.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
