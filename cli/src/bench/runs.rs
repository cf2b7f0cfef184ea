//! `sba bench runs`.

mod bare;

use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use async_nats::jetstream::Context;
use sba_subjects::{
    id::TenantKey,
    stream::{Shards, Sizing},
};
use serde_json::{Value, json};
use sqlx::PgPool;
use tokio::time::sleep;

use self::bare::Bare;
use super::{
    Case, Figures, Report, Running,
    cpu::Processes,
    ends::Ends,
    limits,
    load::{Load, measure},
    target::Target,
};
use crate::{
    client::Client,
    local::{Durability, Stack, StackModel, StackOptions},
};

/// The name of this bench.
const BENCH: &str = "runs";
/// What the model says in the end: twenty tokens.
const ANSWER: &str = "An invoice is paid within thirty days of its receipt, and within ten where the supplier grants \
    a small discount.";
/// What is asked.
const PROMPT: &str = "When are invoices paid?";
/// Longest time that one run may take.
const RUN: Duration = Duration::from_secs(60);
/// Longest wait until what was said is projected, and time between two looks.
const PROJECTED: Duration = Duration::from_secs(120);
const LOOK: Duration = Duration::from_millis(5);
/// Runs before those that are measured.
const WARM_UP: u64 = 100;
/// Fewer runs one at a time say as much.
const ALONE: u64 = 5;
/// Open files of a process for each run in flight: its POST.
const FILES: u64 = 2;

/// What is asked of the bench.
#[derive(Debug, Clone)]
pub struct Runs {
    /// Runs of each case; a fifth of it where there is one at a time.
    pub n: u64,
    /// How many at a time, a case each.
    pub in_flight: Vec<u64>,
    /// What NATS' messages survive; all cases for each.
    pub durabilities: Vec<Durability>,
    /// Streams that the logs of runs are spread over; all cases for each.
    pub shards: Vec<u32>,
    /// Orchestrators of the bench's own installation.
    pub orchestrators: usize,
    /// Workers of it.
    pub workers: usize,
    /// The installation; one of its own where none is named.
    pub running: Option<Running>,
}

/// Measures.
///
/// # Errors
/// When an installation cannot be started or reached, or a run does not come to its end.
pub async fn run(asked: &Runs) -> anyhow::Result<Report> {
    let most = asked.in_flight.iter().copied().max().unwrap_or(1);
    let mut report = Report {
        unit: "runs",
        bare: "messages alone",
        cases: Vec::new(),
        notes: vec![limits::raise_open_files(most.saturating_mul(FILES))?],
    };
    if asked.running.is_some() {
        let target = Target::reach(asked.running.as_ref(), StackOptions::default()).await?;
        report.notes.push("the projection of a running installation is not waited for".to_owned());
        cases(asked, target, Shards::ONE, "", &mut report).await?;
        return Ok(report);
    }
    for &durability in &asked.durabilities {
        for &shards in &asked.shards {
            let mut name = if durability == Durability::Power { ", each write synced" } else { "" }.to_owned();
            if shards > 1 {
                name.push_str(&format!(", {shards} shards"));
            }
            let target = Target::reach(None, options(asked, durability, shards)).await?;
            cases(asked, target, Shards::new(shards), &name, &mut report).await?;
        }
    }
    Ok(report)
}

fn options(asked: &Runs, durability: Durability, shards: u32) -> StackOptions {
    let call = json!({"name": "knowledge_search", "arguments": {"query": PROMPT}});
    StackOptions {
        orchestrators: asked.orchestrators,
        workers: asked.workers,
        model: StackModel::Scripted,
        durability,
        stub_look_up: true,
        overrides: json!({
            "model": {"scripted": {"text": ANSWER, "calls": [[call]], "delay_ms": 0}},
            "nats": {"run_shards": shards},
        }),
        ..StackOptions::default()
    }
}

/// Every number in flight, on one installation.
async fn cases(
    asked: &Runs,
    mut target: Target,
    shards: Shards,
    name: &str,
    report: &mut Report,
) -> anyhow::Result<()> {
    let nats = target.nats().await?.context("name the NATS server with --nats: the ends of runs are heard there")?;
    let ends = Ends::hear(&nats).await?;
    let client = target.client.clone();
    let bare = match &mut target.stack {
        Some(stack) => {
            let nats = stack.nats().context("the installation has no NATS server of its own")?;
            Some(Bare::open(nats, &Sizing { run_shards: shards, ..Sizing::default() }, tenant()?).await?)
        }
        None => None,
    };
    let projection = match &target.stack {
        Some(stack) => Some(Projection::of(stack, shards, async_nats::jetstream::new(nats.clone())).await?),
        None => None,
    };
    for &in_flight in &asked.in_flight {
        let n = if in_flight == 1 { (asked.n / ALONE).max(1) } else { asked.n };
        let load = Load { n, in_flight, deadline: RUN };
        let warm_up = Load { n: WARM_UP.max(in_flight), ..load };
        whole(&client, &ends, "runs to warm up", warm_up, None).await?;
        let processes = target.stack.as_mut().map(Processes::of);
        let before = processes.as_ref().map(Processes::taken);
        let case = format!("{in_flight} in flight{name}");
        let figures = whole(&client, &ends, &format!("runs, {case}"), load, projection.as_ref()).await?;
        if let (Some(processes), Some(before)) = (processes, before) {
            report.notes.push(format!("{case}: {}", processes.taken().since(&before, n)));
        }
        let bare = match &bare {
            Some(bare) => {
                bare.runs(warm_up).await?;
                Some(bare.runs(load).await?)
            }
            None => None,
        };
        report.cases.push(Case { bench: BENCH, case, whole: figures, bare });
    }
    Ok(())
}

/// Runs, from the POST of each to its end, and until the last is projected.
async fn whole(
    client: &Client,
    ends: &Ends,
    what: &str,
    load: Load,
    projection: Option<&Projection>,
) -> anyhow::Result<Figures> {
    let begun = Instant::now();
    let (client, ends) = (client.clone(), ends.clone());
    let times = measure(what, load, move |_| {
        let (client, ends) = (client.clone(), ends.clone());
        async move {
            let posted = Instant::now();
            let run = client.start(&body()).await?;
            Ok(ends.of(run).await?.saturating_duration_since(posted))
        }
    });
    let times = times.await?;
    if let Some(projection) = projection {
        projection.complete().await?;
        return Ok(times.lasting(begun.elapsed()).figures());
    }
    Ok(times.figures())
}

fn body() -> Value {
    json!({"prompt": PROMPT, "workflow": "agentic"})
}

/// A tenant of the bare part: any key will do.
fn tenant() -> anyhow::Result<TenantKey> {
    Ok(nkeys::KeyPair::new_account().public_key().parse()?)
}

/// How far the log is projected.
struct Projection {
    jetstream: Context,
    shards: Shards,
    database: PgPool,
}

impl Projection {
    async fn of(stack: &Stack, shards: Shards, jetstream: Context) -> anyhow::Result<Self> {
        Ok(Self { jetstream, shards, database: PgPool::connect(&stack.database().owner_url).await? })
    }

    /// Waits until everything that is stored now is projected.
    async fn complete(&self) -> anyhow::Result<()> {
        let stored = self.stored().await?;
        let end = Instant::now() + PROJECTED;
        while self.projected().await? < stored {
            ensure!(Instant::now() < end, "the projection took longer than {} s", PROJECTED.as_secs());
            sleep(LOOK).await;
        }
        Ok(())
    }

    async fn stored(&self) -> anyhow::Result<u64> {
        let mut sum = 0;
        for name in self.shards.names() {
            sum += self.jetstream.get_stream(name).await?.cached_info().state.last_sequence;
        }
        Ok(sum)
    }

    async fn projected(&self) -> anyhow::Result<u64> {
        let sum = "select coalesce(sum(sequence), 0)::bigint from projection_positions";
        let sum: i64 = sqlx::query_scalar(sum).fetch_one(&self.database).await?;
        Ok(sum.unsigned_abs())
    }
}
