//! `sba bench first-token`.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail, ensure};
use futures::StreamExt as _;
use serde_json::json;

use super::{
    Case, Figures, Report, Running, corpus,
    hops::{Hops, Marks},
    limits,
    load::{Load, measure},
    target::Target,
};
use crate::{
    client::Client,
    local::{StackModel, StackOptions},
};

/// The name of this bench.
const BENCH: &str = "first-token";
/// Workers of the bench's own installation, as in `sba dev` and `sba demo`.
const WORKERS: usize = 2;
/// What the scripted model answers.
const ANSWER: &str = "Invoices are paid within thirty days of their receipt.";
/// What is asked.
const PROMPT: &str = "When are invoices paid?";
/// The document that says it.
const DOCUMENT: &str = "# Terms of payment\n\nInvoices are paid within thirty days of their receipt.\n";
/// Longest time that one run may take.
const RUN: Duration = Duration::from_secs(60);
/// Runs before those that are measured: connections are made, plans cached.
const WARM_UP: u64 = 30;
/// Bare requests for each run that is measured, up to [`MOST_REQUESTS`]: they are much shorter.
const REQUESTS: u64 = 10;
const MOST_REQUESTS: u64 = 20_000;
/// Open files of a process for each run in flight: its POST and its WebSocket, at the client and at the gateway.
const FILES: u64 = 2;

/// What is asked of the bench.
#[derive(Debug, Clone)]
pub struct FirstToken {
    /// Runs of the case `alone`.
    pub alone: u64,
    /// Runs of the case with many in flight.
    pub together: u64,
    /// How many those are.
    pub in_flight: u64,
    /// Whether to say where the time goes.
    pub hops: bool,
    /// The installation; one of its own where none is named.
    pub running: Option<Running>,
}

/// Measures.
///
/// # Errors
/// When the installation cannot be started or reached, or a run does not come to its end.
pub async fn run(asked: &FirstToken) -> anyhow::Result<Report> {
    let mut notes = vec![limits::raise_open_files(asked.in_flight.saturating_mul(FILES))?];
    let overrides = json!({"model": {"scripted": {"text": ANSWER, "delay_ms": 0}}});
    let options = StackOptions { workers: WORKERS, model: StackModel::Scripted, overrides, ..StackOptions::default() };
    let target = Target::reach(asked.running.as_ref(), options).await?;
    corpus::hand_in(&target.client, "bench/terms.md", DOCUMENT, RUN).await?;
    let bare = Bare::open(&target).await?;
    if bare.is_none() {
        notes.push("the bare part was not measured: name the NATS server with --nats".to_owned());
    }

    let mut cases = Vec::new();
    for (name, n, in_flight) in [
        ("alone".to_owned(), asked.alone, 1),
        (format!("{} in flight", asked.in_flight), asked.together, asked.in_flight),
    ] {
        let warm_up = Load { n: WARM_UP.max(in_flight), in_flight, deadline: RUN };
        runs(&target.client, "runs to warm up", warm_up, None).await?;
        let hops = Arc::new(Hops::default());
        let load = Load { n, ..warm_up };
        let whole = runs(&target.client, &format!("runs, {name}"), load, Some(&hops)).await?;
        let bare = match &bare {
            Some(bare) => Some(bare.requests(load).await?),
            None => None,
        };
        if asked.hops {
            notes.extend(hops.lines(&name));
        }
        cases.push(Case { bench: BENCH, case: name, whole, bare });
    }
    Ok(Report { unit: "runs", bare: "NATS request", cases, notes })
}

async fn runs(client: &Client, what: &str, load: Load, hops: Option<&Arc<Hops>>) -> anyhow::Result<Figures> {
    let (client, hops) = (client.clone(), hops.cloned());
    let times = measure(what, load, move |_| {
        let (client, hops) = (client.clone(), hops.clone());
        async move { one(&client, hops.as_deref()).await }
    });
    Ok(times.await?.figures())
}

/// One run, watched to its end: it is in flight until then. Answers the time to its first token.
async fn one(client: &Client, hops: Option<&Hops>) -> anyhow::Result<Duration> {
    let mut marks = Marks::begin();
    let posted = Instant::now();
    let run = client.start_run(PROMPT, None).await?;
    marks.answered();
    let mut watch = client.watch(run, None, 0).await?;
    let mut first = None;
    let mut status = String::new();
    while let Some(event) = watch.next().await? {
        if first.is_none() {
            marks.event(&event);
        }
        if first.is_none() && event.r#type == "token" {
            first = Some(posted.elapsed());
            hops.inspect(|hops| hops.add(&marks));
        }
        if event.r#type == "done" {
            status = event.payload["status"].as_str().unwrap_or_default().to_owned();
        }
    }
    ensure!(status == "completed", "run {run} ended as {status:?}");
    let Some(first) = first else { bail!("run {run} said nothing") };
    Ok(first)
}

/// A NATS request and its reply, between two connections to the installation's server.
struct Bare {
    client: async_nats::Client,
    subject: String,
    /// Answers until it is dropped.
    _echo: tokio_util::task::AbortOnDropHandle<()>,
}

impl Bare {
    async fn open(target: &Target) -> anyhow::Result<Option<Self>> {
        let (Some(client), Some(server)) = (target.nats().await?, target.nats().await?) else { return Ok(None) };
        let subject = client.new_inbox();
        let mut requests = server.subscribe(subject.clone()).await?;
        server.flush().await?;
        let echo = tokio::spawn(async move {
            while let Some(request) = requests.next().await {
                let Some(reply) = request.reply else { continue };
                // A connection that is gone shows at the other end, as a request without an answer.
                let _ = server.publish(reply, request.payload).await;
            }
        });
        Ok(Some(Self { client, subject, _echo: tokio_util::task::AbortOnDropHandle::new(echo) }))
    }

    async fn requests(&self, runs: Load) -> anyhow::Result<Figures> {
        let load = Load { n: runs.n.saturating_mul(REQUESTS).min(MOST_REQUESTS), ..runs };
        let (client, subject) = (self.client.clone(), self.subject.clone());
        let times = measure("NATS requests", load, move |_| {
            let (client, subject) = (client.clone(), subject.clone());
            async move {
                let asked = Instant::now();
                client.request(subject, PROMPT.into()).await.context("no answer to a NATS request")?;
                Ok(asked.elapsed())
            }
        });
        Ok(times.await?.figures())
    }
}
