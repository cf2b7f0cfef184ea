//! The messages of a run, and nobody who thinks about them: what NATS alone takes for what a run stores.
//!
//! One process plays all parts, in an account of its own on the same server. A command starts a run; two records are
//! appended and a job is queued; its result is a command; three records more are appended. Every message is awaited.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use anyhow::Context as _;
use async_nats::{
    HeaderMap,
    jetstream::{Context, Message, consumer::PullConsumer},
};
use bytes::Bytes;
use futures::{StreamExt as _, stream};
use sba_service::{
    clock::SystemClock,
    ids::{Ids, TimeOrderedIds},
    log::RunLog,
    publish,
};
use sba_subjects::{
    consumer::{self, Pace},
    envelope::{Enveloped, VERSION},
    event::{Event, Token},
    id::{CallId, RunId, TenantKey},
    name::{Queue, Verb},
    record::Record,
    stream::{self as streams, Sizing},
    subject::Subject,
};
use tokio::sync::oneshot;
use tokio_util::task::AbortOnDropHandle;

use super::super::{
    Figures,
    load::{Load, measure},
};
use crate::local::{HubAccount, NatsServer};

/// Longest wait for one message to be stored.
const STORED: Duration = Duration::from_secs(10);
/// Bytes of a command, a job or a result; and of a record's text: about what those of a run have.
const BODY: usize = 400;

/// Stands ready to store what a run stores.
#[derive(Clone)]
pub(super) struct Bare {
    parts: Arc<Parts>,
    _consumers: Arc<[AbortOnDropHandle<()>; 2]>,
}

struct Parts {
    jetstream: Context,
    log: RunLog,
    tenant: TenantKey,
    ids: Arc<dyn Ids>,
    waiting: Mutex<HashMap<RunId, (u64, oneshot::Sender<()>)>>,
}

impl Bare {
    pub(super) async fn open(nats: &NatsServer, sizing: &Sizing, tenant: TenantKey) -> anyhow::Result<Self> {
        let client = HubAccount::new(nats.site()).await?.connect().await?;
        let jetstream = async_nats::jetstream::new(client);
        for config in streams::all(sizing) {
            jetstream.create_stream(config).await?;
        }
        let pace = Pace { ack_wait: STORED, max_ack_pending: 100_000, max_waiting: 512 };
        let log = RunLog::new(jetstream.clone(), sizing.run_shards, STORED).await?;
        let parts = Arc::new(Parts {
            jetstream: jetstream.clone(),
            log,
            tenant,
            ids: TimeOrderedIds::shared(SystemClock::shared()),
            waiting: Mutex::default(),
        });
        let mut consumers = Vec::new();
        let jobs = consumer::jobs(Queue::ToolExec, &pace);
        for (stream, config) in consumer::commands(&pace).into_iter().chain([jobs]) {
            let queue: PullConsumer = jetstream.create_consumer_on_stream(config, stream.as_str()).await?;
            let parts = Arc::clone(&parts);
            let messages = queue.stream().max_messages_per_batch(512).messages().await?;
            consumers.push(AbortOnDropHandle::new(tokio::spawn(async move {
                let each = messages.filter_map(|message| std::future::ready(message.ok()));
                each.for_each_concurrent(None, |message| parts.take(message)).await;
            })));
        }
        let consumers = consumers.try_into().map_err(|_| anyhow::anyhow!("three queues are read"))?;
        Ok(Self { parts, _consumers: Arc::new(consumers) })
    }

    pub(super) async fn runs(&self, load: Load) -> anyhow::Result<Figures> {
        let bare = self.clone();
        let times = measure("bare runs", load, move |_| {
            let parts = Arc::clone(&bare.parts);
            async move { parts.one().await }
        });
        Ok(times.await?.figures())
    }
}

impl Parts {
    async fn one(&self) -> anyhow::Result<Duration> {
        let run = self.ids.make();
        let (ended, waiting) = oneshot::channel();
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).insert(run, (0, ended));
        let begun = Instant::now();
        self.command(run, Verb::Start).await?;
        waiting.await.context("a bare run broke")?;
        Ok(begun.elapsed())
    }

    /// What a message of a queue brings about. A failure shows as a run that does not end.
    async fn take(&self, message: Message) {
        let done = match message.subject.as_str().parse() {
            Ok(Subject::Cmd { run, verb: Verb::Start, .. }) => self.begin(run).await,
            Ok(Subject::Cmd { run, .. }) => self.end(run).await,
            Ok(Subject::Job { call, .. }) => self.command(RunId::from_uuid(call.as_uuid()), Verb::Result).await,
            _ => Ok(()),
        };
        if done.is_ok() {
            let _ = message.ack().await;
        }
    }

    async fn begin(&self, run: RunId) -> anyhow::Result<()> {
        let fence = self.append(run, 1..=2, 0).await?;
        if let Some((stands, _)) = self.waiting.lock().unwrap_or_else(PoisonError::into_inner).get_mut(&run) {
            *stands = fence;
        }
        let call = CallId::from_uuid(run.as_uuid());
        self.store(Subject::Job { tenant: self.tenant.clone(), queue: Queue::ToolExec, call }).await
    }

    async fn end(&self, run: RunId) -> anyhow::Result<()> {
        let waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner).remove(&run);
        let Some((fence, ended)) = waiting else { return Ok(()) };
        self.append(run, 3..=5, fence).await?;
        let _ = ended.send(());
        Ok(())
    }

    async fn command(&self, run: RunId, verb: Verb) -> anyhow::Result<()> {
        self.store(Subject::Cmd { tenant: self.tenant.clone(), run, verb }).await
    }

    async fn store(&self, subject: Subject) -> anyhow::Result<()> {
        let body = Bytes::from_static(&[b'x'; BODY]);
        publish::confirmed(&self.jetstream, &subject, HeaderMap::new(), body, STORED).await?;
        Ok(())
    }

    async fn append(&self, run: RunId, seqs: std::ops::RangeInclusive<u64>, fence: u64) -> anyhow::Result<u64> {
        let records = stream::iter(seqs.map(anyhow::Ok));
        futures::TryStreamExt::try_fold(records, fence, |fence, seq| async move {
            let record = Record::of(self.ids.make(), &[said(run, seq)])?.context("a record of nothing")?;
            Ok(self.log.append(&self.tenant, run, &record, fence, &HeaderMap::new(), STORED).await?)
        })
        .await
    }
}

/// A record's one event.
fn said(run: RunId, seq: u64) -> Enveloped<Event> {
    let payload = Event::Token(Token { text: "x".repeat(BODY), index: 0, count: 20 });
    let r#type = payload.kind().to_owned();
    Enveloped { v: VERSION, r#type, run, step: None, attempt: 1, seq, ts: 0, cause: None, key_id: None, payload }
}
