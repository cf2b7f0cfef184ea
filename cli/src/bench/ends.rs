//! When runs end, heard from NATS: one subscription for all of them, so that listening costs next to nothing.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use anyhow::{Context as _, ensure};
use async_nats::{Client, Message};
use futures::StreamExt as _;
use sba_subjects::{
    event::Event,
    record,
    run::RunStatus,
    subject::{Subject, filter},
};
use tokio::sync::oneshot;
use tokio_util::task::AbortOnDropHandle;
use uuid::Uuid;

/// The end of a run, and when it was heard.
type End = (Instant, RunStatus);

/// Hears of the ends of runs until it is dropped.
#[derive(Debug, Clone)]
pub(super) struct Ends {
    runs: Arc<Mutex<HashMap<Uuid, Known>>>,
    _listening: Arc<AbortOnDropHandle<()>>,
}

/// What is known of a run.
#[derive(Debug)]
enum Known {
    /// Somebody waits for its end.
    Awaited(oneshot::Sender<End>),
    /// It ended before anybody asked.
    Ended(End),
}

impl Ends {
    pub(super) async fn hear(client: &Client) -> anyhow::Result<Self> {
        let mut messages = client.subscribe(filter::LIVE_EVENTS).await?;
        client.flush().await?;
        let runs: Arc<Mutex<HashMap<Uuid, Known>>> = Arc::default();
        let heard = Arc::clone(&runs);
        let listening = tokio::spawn(async move {
            while let Some(message) = messages.next().await {
                let Some((run, status)) = ended(&message) else { continue };
                let end = (Instant::now(), status);
                let known = lock(&heard).remove(&run);
                match known {
                    // Whoever waited may have given up.
                    Some(Known::Awaited(waiting)) => drop(waiting.send(end)),
                    _ => drop(lock(&heard).insert(run, Known::Ended(end))),
                }
            }
        });
        Ok(Self { runs, _listening: Arc::new(AbortOnDropHandle::new(listening)) })
    }

    /// Waits until a run has ended well; answers when it did.
    pub(super) async fn of(&self, run: Uuid) -> anyhow::Result<Instant> {
        let (sender, waiting) = oneshot::channel();
        let earlier = {
            let mut runs = lock(&self.runs);
            match runs.remove(&run) {
                Some(Known::Ended(end)) => Some(end),
                _ => {
                    runs.insert(run, Known::Awaited(sender));
                    None
                }
            }
        };
        let (at, status) = match earlier {
            Some(end) => end,
            None => waiting.await.context("the connection to NATS ended")?,
        };
        ensure!(status == RunStatus::Completed, "run {run} ended as {status}");
        Ok(at)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // No code that holds the lock panics half way through a change.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The run that a message says to have ended, and how.
fn ended(message: &Message) -> Option<(Uuid, RunStatus)> {
    let types = message.headers.as_ref()?.get(record::TYPES)?.as_str();
    if !types.ends_with("done") {
        return None;
    }
    let Ok(Subject::Live { run, .. }) = message.subject.as_str().parse() else { return None };
    match record::open(&message.payload).ok()?.pop()?.payload {
        Event::Done(done) => Some((run.as_uuid(), done.status)),
        _ => None,
    }
}
