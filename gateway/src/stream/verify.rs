//! Quiet runs, compared with their logs.
//!
//! Live events are said at most once. The last ones of a run can be lost with nothing after them to show it, and so can
//! everything that was said while the connection was cut.

use std::{
    collections::HashMap,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use async_nats::Client;
use futures::StreamExt as _;
use sba_subjects::{record::Head, stream::Shards, subject::Subject};
use serde::Serialize;
use tokio::time::{MissedTickBehavior, interval, timeout};
use tokio_util::sync::CancellationToken;
use tracing::debug;

use super::{hub::Hub, watch::Watch};

/// Runs that one request asks about: each has two subjects, and the server takes 1,024.
const RUNS_PER_REQUEST: usize = 256;

/// A replica that does not answer within this is asked again at the next comparison.
const PATIENCE: Duration = Duration::from_millis(300);

#[derive(Serialize)]
struct LastOf<'a> {
    multi_last: &'a [String],
    batch: usize,
}

/// Compares at each interval the runs that said nothing since the last, until `stop`; all of them when the connection
/// was made anew in between.
pub(super) async fn quiet_runs(hub: Hub, client: Client, shards: Shards, every: Duration, stop: CancellationToken) {
    let mut ticks = interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let connections = || client.statistics().connects.load(Ordering::Relaxed);
    let (mut before, mut connected) = (HashMap::new(), connections());
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = stop.cancelled() => return,
        }
        let known = connections();
        let open = hub.open_watches();
        let now: HashMap<_, _> =
            open.iter().map(|watch| ((watch.tenant.clone(), watch.run), watch.ring().next())).collect();
        let quiet = |watch: &Arc<Watch>| {
            let key = (watch.tenant.clone(), watch.run);
            known != connected || before.get(&key) == now.get(&key)
        };
        let quiet: Vec<_> = open.into_iter().filter(quiet).collect();
        for (stream, watches) in by_stream(quiet, shards) {
            if compare(&client, &stream, &watches).await.is_none() {
                debug!(runs = watches.len(), "no replica compared quiet runs in time; the next comparison will");
            }
        }
        (before, connected) = (now, known);
    }
}

/// Watches by the stream that keeps their runs, no more at a time than one request asks about.
fn by_stream(watches: Vec<Arc<Watch>>, shards: Shards) -> Vec<(String, Vec<Arc<Watch>>)> {
    let mut all: HashMap<String, Vec<Arc<Watch>>> = HashMap::new();
    for watch in watches {
        all.entry(shards.of(watch.run)).or_default().push(watch);
    }
    let parts = |(stream, watches): (String, Vec<Arc<Watch>>)| {
        let parts: Vec<_> = watches.chunks(RUNS_PER_REQUEST).map(|part| (stream.clone(), part.to_vec())).collect();
        parts
    };
    all.into_iter().flat_map(parts).collect()
}

/// Wakes the tails of those runs whose logs go on behind what they have; `None` when no replica answers in time.
async fn compare(client: &Client, stream: &str, watches: &[Arc<Watch>]) -> Option<()> {
    let subjects = watches.iter().flat_map(|watch| {
        let (tenant, run) = (&watch.tenant, watch.run);
        [Subject::events(tenant, run).to_string(), Subject::tokens(tenant, run).to_string()]
    });
    let subjects: Vec<String> = subjects.collect();
    let request = serde_json::to_vec(&LastOf { multi_last: &subjects, batch: subjects.len() }).ok()?;
    let inbox = client.new_inbox();
    let mut answers = client.subscribe(inbox.clone()).await.ok()?;
    let subject = format!("$JS.API.DIRECT.GET.{stream}");
    client.publish_with_reply(subject, inbox, request.into()).await.ok()?;
    loop {
        let message = timeout(PATIENCE, answers.next()).await.ok()??;
        if message.status.is_some() {
            return Some(());
        }
        let headers = message.headers?;
        let subject: Subject = headers.get("Nats-Subject")?.as_str().parse().ok()?;
        let (Subject::Run { tenant, run, .. }, Some(head)) = (subject, Head::read(&headers)) else { continue };
        let watch = watches.iter().find(|watch| watch.run == run && watch.tenant == tenant);
        if let Some(watch) = watch.filter(|watch| head.last_seq() >= watch.ring().next()) {
            watch.behind.notify_one();
        }
    }
}
