//! A run's log on a real server, and what a test says in it.

use std::time::Duration;

use async_nats::{HeaderMap, jetstream::Context};
use sba_service::{
    clock::SystemClock,
    ids::{Ids, TimeOrderedIds},
    log::{AppendError, RunLog},
    provision::Provision,
};
use sba_subjects::{
    envelope::{Envelope, VERSION},
    event::{Attempt, Created, Event, RunOptions, Token},
    id::{CommandId, InstanceId, RecordId, RunId, TenantKey, UserId},
    record::Record,
    run::Workflow,
    stream::{self, Shards, Sizing},
};

/// Longest time for one request in these tests.
pub const ANSWER: Duration = Duration::from_millis(500);
/// Longest time that an append is repeated in these tests.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Fresh ids.
#[must_use]
pub fn ids() -> std::sync::Arc<dyn Ids> {
    TimeOrderedIds::shared(SystemClock::shared())
}

/// Makes SBA's streams.
///
/// # Errors
/// When the server refuses them.
pub async fn streams(jetstream: &Context, replicas: usize) -> anyhow::Result<()> {
    let sizing = Sizing { replicas, ..Sizing::default() };
    let provision = Provision::new(jetstream.clone(), PATIENCE);
    provision.streams(stream::all(&sizing)).await?;
    Ok(())
}

/// One who writes a run's log: what an orchestrator does, without deciding anything.
#[derive(Clone)]
pub struct Writer {
    /// The log.
    pub log: RunLog,
    /// Whose run.
    pub tenant: TenantKey,
    /// Which run.
    pub run: RunId,
    /// The next `seq`.
    pub seq: u64,
    /// The attempt.
    pub attempt: u32,
    /// The fence.
    pub fence: u64,
}

impl Writer {
    /// A writer of a run that nobody has begun.
    ///
    /// # Errors
    /// When the log cannot be opened.
    pub async fn new(jetstream: &Context) -> anyhow::Result<Self> {
        let tenant = nkeys::KeyPair::new_account().public_key().parse()?;
        let log = RunLog::new(jetstream.clone(), Shards::ONE, ANSWER).await?;
        Ok(Self { log, tenant, run: RunId::from_uuid(ids().uuid()), seq: 1, attempt: 0, fence: 0 })
    }

    /// The same run, written over another connection.
    ///
    /// # Errors
    /// When the log cannot be opened.
    pub async fn over(&self, jetstream: &Context) -> anyhow::Result<Self> {
        Ok(Self { log: RunLog::new(jetstream.clone(), Shards::ONE, ANSWER).await?, ..self.clone() })
    }

    /// The record that says these events next.
    ///
    /// # Errors
    /// When they cannot be encoded.
    pub fn record(&self, events: Vec<Event>) -> anyhow::Result<Record> {
        self.record_of(None, None, events)
    }

    /// The record that says these events of a step next, because of a command.
    ///
    /// # Errors
    /// When they cannot be encoded.
    pub fn record_of(&self, step: Option<u32>, cause: Option<CommandId>, events: Vec<Event>) -> anyhow::Result<Record> {
        let events: Vec<Envelope> = events
            .into_iter()
            .zip(self.seq..)
            .map(|(payload, seq)| Envelope {
                v: VERSION,
                r#type: payload.kind().to_owned(),
                run: self.run,
                step,
                attempt: self.attempt,
                seq,
                ts: 1_790_000_000_000 + seq,
                cause,
                key_id: None,
                payload,
            })
            .collect();
        let id: RecordId = ids().make();
        Record::of(id, &events)?.ok_or_else(|| anyhow::anyhow!("no events"))
    }

    /// Appends a record behind the fence that this writer holds.
    ///
    /// # Errors
    /// [`AppendError`].
    pub async fn append(&mut self, record: &Record) -> Result<(), AppendError> {
        self.append_within(record, PATIENCE).await
    }

    /// As [`append`](Self::append), for so long.
    ///
    /// # Errors
    /// [`AppendError`].
    pub async fn append_within(&mut self, record: &Record, patience: Duration) -> Result<(), AppendError> {
        let none = HeaderMap::new();
        self.fence = self.log.append(&self.tenant, self.run, record, self.fence, &none, patience).await?;
        self.seq = record.head.last_seq() + 1;
        Ok(())
    }

    /// Says the first event.
    ///
    /// # Errors
    /// When it was not stored.
    pub async fn create(&mut self) -> anyhow::Result<()> {
        let record = self.record(vec![Event::Created(self.created())])?;
        Ok(self.append(&record).await?)
    }

    /// What the first event says.
    #[must_use]
    pub fn created(&self) -> Created {
        Created {
            tenant_id: self.tenant.id(),
            user_id: UserId::from_uuid(uuid::Uuid::nil()),
            session_id: None,
            workflow: Workflow::Render,
            prompt: "What is due?".to_owned(),
            options: RunOptions::default(),
            request_hash: String::new(),
            roles: Vec::new(),
            settings: Box::default(),
            call: None,
            fork_of: None,
            schedule: None,
        }
    }

    /// Takes the run: says the next attempt.
    ///
    /// # Errors
    /// [`AppendError`].
    pub async fn take(&mut self) -> anyhow::Result<Result<(), AppendError>> {
        let attempt = Self { attempt: self.attempt + 1, ..self.clone() };
        let record = attempt.record(vec![attempted()])?;
        let taken = self.append(&record).await;
        if taken.is_ok() {
            self.attempt += 1;
        }
        Ok(taken)
    }

    /// What the log says now, by `seq`, type and attempt.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn said(&self) -> anyhow::Result<Vec<(u64, String, u32)>> {
        let mut said = Vec::new();
        let mut after = 0;
        loop {
            let page = self.log.history(&self.tenant, self.run, after).await?;
            for stored in &page.records {
                said.extend(stored.events()?.into_iter().map(|event| (event.seq, event.r#type, event.attempt)));
                after = stored.stream_sequence;
            }
            if !page.more {
                return Ok(said);
            }
        }
    }
}

/// An attempt of some process.
#[must_use]
pub fn attempted() -> Event {
    Event::Attempt(Attempt { instance: InstanceId::from_uuid(ids().uuid()), restarts_step: None })
}

/// A token frame.
#[must_use]
pub fn token(text: &str) -> Event {
    Event::Token(Token { text: text.to_owned(), index: 0, count: 1 })
}
