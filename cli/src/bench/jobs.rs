//! `sba bench jobs`.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use anyhow::Context as _;
use async_nats::{HeaderMap, jetstream::Context};
use bytes::Bytes;
use sba_service::{
    clock::SystemClock,
    ids::{Ids, TimeOrderedIds},
    provision::Provision,
    publish, pull,
};
use sba_subjects::{
    codec,
    consumer::{self, Pace},
    envelope::VERSION,
    id::{CallId, RunId, TenantKey, UserId},
    job::{Job, JobBody, ToolJob, queue_of},
    name::{Queue, ToolName},
    run::Effect,
    stream::{self, Sizing, Stream},
    subject::Subject,
    tool::KNOWLEDGE_TOOL,
};
use serde_json::json;
use tokio::sync::oneshot;
use tokio_util::sync::{CancellationToken, DropGuard};
use uuid::Uuid;

use super::{
    Case, Figures, Report,
    cpu::Processes,
    load::{Load, measure},
};
use crate::local::{HubAccount, Stack, StackModel, StackOptions};

/// The name of this bench.
const BENCH: &str = "jobs";
/// Longest time that one job may take.
const JOB: Duration = Duration::from_secs(60);
/// Longest wait for one message to be stored.
const STORED: Duration = Duration::from_secs(10);
/// Messages that a reader works on at once.
const PLACES: usize = 1_024;

/// What is asked of the bench.
#[derive(Debug, Clone)]
pub struct Jobs {
    /// Jobs of each case.
    pub n: u64,
    /// How many are in flight.
    pub in_flight: u64,
    /// Numbers of workers, a case each.
    pub workers: Vec<usize>,
}

/// Measures.
///
/// # Errors
/// When an installation cannot be started, or a job does not come to its end.
pub async fn run(asked: &Jobs) -> anyhow::Result<Report> {
    let (mut cases, mut notes) = (Vec::new(), Vec::new());
    for &workers in &asked.workers {
        let options = StackOptions {
            gateways: 0,
            orchestrators: 0,
            workers,
            model: StackModel::Scripted,
            stub_look_up: true,
            overrides: json!({"worker": {"concurrency": {"tool_exec": PLACES / workers.max(1)}}}),
            ..StackOptions::default()
        };
        let mut stack = Stack::start(options, |what| eprintln!("{what}")).await?;
        let load = Load { n: asked.n, in_flight: asked.in_flight, deadline: JOB };
        let warm_up = Load { n: asked.in_flight, ..load };
        let case = format!("{workers} workers");
        let whole = Whole::open(&stack).await?;
        jobs(&whole, "jobs to warm up", warm_up).await?;
        let processes = Processes::of(&mut stack);
        let before = processes.taken();
        let figures = jobs(&whole, "jobs", load).await?;
        notes.push(format!("{case}: {}", processes.taken().since(&before, load.n)));
        let bare = Whole::bare(&stack).await?;
        jobs(&bare, "bare jobs to warm up", warm_up).await?;
        let bare = jobs(&bare, "bare jobs", load).await?;
        cases.push(Case { bench: BENCH, case, whole: figures, bare: Some(bare) });
    }
    Ok(Report { unit: "jobs", bare: "work queue", cases, notes })
}

async fn jobs(whole: &Whole, what: &str, load: Load) -> anyhow::Result<Figures> {
    let whole = whole.clone();
    let times = measure(what, load, move |_| {
        let whole = whole.clone();
        async move { whole.one().await }
    });
    Ok(times.await?.figures())
}

/// What publishes jobs and hears of their results.
#[derive(Clone)]
struct Whole(Arc<Parts>);

struct Parts {
    jetstream: Context,
    tenant: TenantKey,
    tool: ToolName,
    ids: Arc<dyn Ids>,
    /// Those that wait, by the run that the job is for.
    waiting: Mutex<HashMap<Uuid, oneshot::Sender<()>>>,
    _read: DropGuard,
}

impl Whole {
    /// Over the installation's queues: a result stands among the commands, where an orchestrator would take it.
    async fn open(stack: &Stack) -> anyhow::Result<Self> {
        let jetstream = async_nats::jetstream::new(stack.hub().connect().await?);
        let [(stream, config), ..] = consumer::commands(&pace());
        Self::reading(jetstream, stream, config, consumer::ORCHESTRATORS.to_owned()).await
    }

    /// The bare part: the queue of jobs in an account of its own, which nobody but the bench reads.
    async fn bare(stack: &Stack) -> anyhow::Result<Self> {
        let hub = HubAccount::new(stack.hub().site()).await?;
        let jetstream = async_nats::jetstream::new(hub.connect().await?);
        Provision::new(jetstream.clone(), STORED).streams(stream::all(&Sizing::default())).await?;
        let (stream, config) = consumer::jobs(Queue::ToolExec, &pace());
        Self::reading(jetstream, stream, config, Queue::ToolExec.to_string()).await
    }

    async fn reading(
        jetstream: Context,
        stream: Stream,
        config: async_nats::jetstream::consumer::pull::Config,
        name: String,
    ) -> anyhow::Result<Self> {
        Provision::new(jetstream.clone(), STORED).consumers([(stream.as_str(), config)]).await?;
        let stop = CancellationToken::new();
        let parts = Arc::new(Parts {
            jetstream: jetstream.clone(),
            tenant: nkeys::KeyPair::new_account().public_key().parse()?,
            tool: KNOWLEDGE_TOOL.parse()?,
            ids: TimeOrderedIds::shared(SystemClock::shared()),
            waiting: Mutex::default(),
            _read: stop.clone().drop_guard(),
        });
        let waiting = Arc::downgrade(&parts);
        tokio::spawn(async move {
            let read = pull::each(&jetstream, stream.as_str(), &name, PLACES, &stop, |message, place| {
                let Some(parts) = waiting.upgrade() else { return };
                if let Some(done) = done(message.subject.as_str()) {
                    // Whoever waited may have given up.
                    let _ = lock(&parts.waiting).remove(&done).map(|waiting| waiting.send(()));
                }
                tokio::spawn(async move {
                    let _ = message.ack().await;
                    drop(place);
                });
            });
            if let Err(error) = read.await {
                eprintln!("{error}");
            }
        });
        Ok(Self(parts))
    }

    /// One job, from its publishing until its result is heard; for the bare part, until it is taken.
    async fn one(&self) -> anyhow::Result<Duration> {
        let Self(parts) = self;
        let id = parts.ids.uuid();
        let (done, waiting) = oneshot::channel();
        lock(&parts.waiting).insert(id, done);
        let (subject, body) = parts.job(id)?;
        let begun = Instant::now();
        publish::confirmed(&parts.jetstream, &subject, HeaderMap::new(), body, STORED).await?;
        waiting.await.context("the bench's reader ended")?;
        Ok(begun.elapsed())
    }
}

impl Parts {
    /// A job whose call and run have the same id.
    fn job(&self, id: Uuid) -> anyhow::Result<(Subject, Bytes)> {
        let call = CallId::from_uuid(id);
        let job = Job {
            v: VERSION,
            id: call,
            tenant_id: self.tenant.id(),
            user_id: UserId::from_uuid(Uuid::nil()),
            ts: 0,
            body: JobBody::Tool(ToolJob {
                run: RunId::from_uuid(id),
                step: 1,
                tool_name: self.tool.clone(),
                params: json!({"query": "When are invoices paid?"}),
                effect: Effect::Pure,
            }),
        };
        let subject = Subject::Job { tenant: self.tenant.clone(), queue: queue_of(&self.tool), call };
        Ok((subject, codec::encode(&job)?))
    }
}

/// What a message says to be done: the run of a result, or the call of a job.
fn done(subject: &str) -> Option<Uuid> {
    match subject.parse().ok()? {
        Subject::Cmd { run, .. } => Some(run.as_uuid()),
        Subject::Job { call, .. } => Some(call.as_uuid()),
        _ => None,
    }
}

fn pace() -> Pace {
    Pace { ack_wait: STORED, max_ack_pending: 100_000, max_waiting: 512 }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // No code that holds the lock panics half way through a change.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
