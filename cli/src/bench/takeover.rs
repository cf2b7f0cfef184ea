//! `sba bench takeover`.

mod seen;

use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use async_nats::{
    HeaderMap,
    jetstream::{AckKind, Context},
};
use bytes::Bytes;
use futures::future::try_join_all;
use sba_service::{config::OrchestratorConfig, provision::Provision, publish};
use sba_subjects::{
    consumer::{self, Pace},
    id::{RunId, TenantKey},
    name::Verb,
    stream::{self, Sizing},
    subject::Subject,
};
use serde_json::json;
use tokio::task::JoinSet;

use self::seen::Seen;
use super::{Case, Figures, Report, figures::Times, target::Target};
use crate::{
    client::Client,
    local::{HubAccount, NatsServer, StackModel, StackOptions},
};

/// The name of this bench.
const BENCH: &str = "takeover";
/// Words of an answer, and the time between two: an answer takes so long that its owner dies in the middle.
const WORDS: usize = 120;
const BETWEEN_MS: u64 = 25;
/// Longest wait for anything.
const PATIENCE: Duration = Duration::from_secs(60);
/// Longest wait for one message to be stored.
const STORED: Duration = Duration::from_secs(10);

/// What is asked of the bench.
#[derive(Debug, Clone)]
pub struct Takeover {
    /// Runs to see taken over, at least.
    pub n: usize,
    /// Runs in flight, over two orchestrators, when one of them is killed.
    pub in_flight: usize,
}

/// Measures.
///
/// # Errors
/// When the installation cannot be started, or a run is not taken over.
pub async fn run(asked: &Takeover) -> anyhow::Result<Report> {
    let text = vec!["word"; WORDS].join(" ");
    let options = StackOptions {
        orchestrators: 2,
        workers: 1,
        model: StackModel::Scripted,
        overrides: json!({"model": {"scripted": {"text": text, "delay_ms": BETWEEN_MS}}}),
        ..StackOptions::default()
    };
    let mut target = Target::reach(None, options).await?;
    let seen = Seen::watch(&target.nats().await?.context("the bench has a NATS server")?).await?;
    let client = target.client.clone();
    let stack = target.stack.as_mut().context("the bench has an installation of its own")?;
    let (mut times, begun) = (Vec::new(), Instant::now());
    let mut round = 0;
    while times.len() < asked.n {
        let runs = try_join_all((0..asked.in_flight).map(|_| start(&client))).await?;
        seen.until(PATIENCE, "every run speaks", |seen| runs.iter().all(|run| seen.speaks(*run))).await?;
        let owner = &mut stack.orchestrators()[round % 2];
        seen.freeze_owners(&runs);
        let killed = Instant::now();
        owner.kill()?;
        seen.until(PATIENCE, "every run of the dead is taken over", |seen| seen.all_taken_over(&runs)).await?;
        times.extend(seen.taken_over(&runs).into_iter().map(|at| at.saturating_duration_since(killed)));
        owner.restart().await?;
        seen.until(PATIENCE, "every run ends", |seen| runs.iter().all(|run| seen.ended(*run))).await?;
        seen.forget();
        round += 1;
        ensure!(!times.is_empty() || round < 4, "nobody owned a run");
    }
    let whole = Times::of(times, begun.elapsed())?.figures();
    let nats = stack.nats().context("the installation has no NATS server of its own")?;
    let bare = redelivery(nats, whole.n.min(200)).await?;
    let case = format!("{} in flight", asked.in_flight);
    let notes = vec!["per_second counts the rounds too: it says nothing here".to_owned()];
    Ok(Report {
        unit: "runs",
        bare: "redelivery",
        cases: vec![Case { bench: BENCH, case, whole, bare: Some(bare) }],
        notes,
    })
}

async fn start(client: &Client) -> anyhow::Result<RunId> {
    Ok(RunId::from_uuid(client.start(&json!({"prompt": "Count.", "workflow": "agentic"})).await?))
}

/// The bare part: the time after which NATS gives the command of a silent owner to another.
async fn redelivery(nats: &NatsServer, n: u64) -> anyhow::Result<Figures> {
    let jetstream: Context = async_nats::jetstream::new(HubAccount::new(nats.site()).await?.connect().await?);
    let provision = Provision::new(jetstream.clone(), STORED);
    provision.streams(stream::all(&Sizing::default())).await?;
    let ack_wait = OrchestratorConfig::default().command_ack_wait_ms.into();
    let [_, (cmds, config), _] = consumer::commands(&Pace { ack_wait, max_ack_pending: 100_000, max_waiting: 512 });
    let queue = jetstream.create_consumer_on_stream(config, cmds.as_str()).await?;
    let tenant: TenantKey = nkeys::KeyPair::new_account().public_key().parse()?;
    let ids = sba_service::ids::TimeOrderedIds::shared(sba_service::clock::SystemClock::shared());
    let mut publishing = JoinSet::new();
    for _ in 0..n {
        let subject = Subject::Cmd { tenant: tenant.clone(), run: ids.make(), verb: Verb::Start };
        let jetstream = jetstream.clone();
        publishing.spawn(async move {
            publish::confirmed(&jetstream, &subject, HeaderMap::new(), Bytes::from_static(b"x"), STORED).await
        });
    }
    while let Some(stored) = publishing.join_next().await {
        stored??;
    }
    let begun = Instant::now();
    let mut first = std::collections::HashMap::new();
    let mut times = Vec::new();
    let mut messages = queue.stream().messages().await?;
    while (times.len() as u64) < n {
        let message = tokio::time::timeout(PATIENCE, futures::StreamExt::next(&mut messages)).await?;
        let message = message.context("the queue ended")??;
        match first.remove(message.subject.as_str()) {
            None => drop(first.insert(message.subject.to_string(), Instant::now())),
            Some(taken) => {
                times.push(taken.elapsed());
                message.ack_with(AckKind::Ack).await.map_err(anyhow::Error::from_boxed)?;
            }
        }
    }
    Ok(Times::of(times, begun.elapsed())?.figures())
}
