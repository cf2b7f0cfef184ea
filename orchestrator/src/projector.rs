//! The projector: it writes what the log says to Postgres.
//!
//! Rows and the position behind them are stored in one transaction, so a batch is written once or not at all.
//! Every orchestrator has a projector; whoever finds that another moved the position steps back and only
//! watches, until the position stands still.

mod facts;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use async_nats::jetstream::{
    Context, Message,
    consumer::{DeliverPolicy, pull::OrderedConfig},
    stream::RawMessageErrorKind,
};
use futures::StreamExt as _;
use sba_service::{clock::Clock, metrics::Metrics};
use sba_store::{
    DatabaseOptions, Store, StoreError,
    projection::{self, Facts, Position},
};
use sba_subjects::{
    id::{RecordId, TenantId},
    record::{self, Head},
    stream::Stream,
    subject::{Subject, filter},
};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// Pause after a failure: a database that is down is asked again so often.
const RETRY: Duration = Duration::from_millis(500);
/// A position that another projector has not moved for so long, while there is more to write, is taken over.
const STANDSTILL: Duration = Duration::from_secs(2);
/// An idle projector looks around so often.
const IDLE: Duration = Duration::from_secs(1);

/// What projecting takes.
pub struct Projector {
    /// For the log.
    pub jetstream: Context,
    /// The database.
    pub database: DatabaseOptions,
    /// Most records of one transaction.
    pub batch: usize,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// What operators see.
    pub metrics: Metrics,
}

/// Why projecting stopped, for now.
#[derive(Debug, thiserror::Error)]
enum Trouble {
    #[error("{0}")]
    Store(#[from] StoreError),
    #[error("the log cannot be read: {0}")]
    Log(String),
    #[error("another projector is at work")]
    Overtaken,
}

impl Projector {
    /// Projects until told to stop. Failures are logged once each time they begin, and tried again.
    pub async fn run(self, stop: CancellationToken) {
        let mut failing = false;
        while !stop.is_cancelled() {
            let worked = tokio::select! {
                biased;
                () = stop.cancelled() => return,
                worked = self.work(&mut failing) => worked,
            };
            let pause = match worked {
                Err(Trouble::Overtaken) => STANDSTILL,
                Err(trouble) => {
                    if !std::mem::replace(&mut failing, true) {
                        tracing::error!(error = %trouble, "the projection stands still; it is tried again and again");
                    }
                    RETRY
                }
                Ok(()) => RETRY,
            };
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    async fn work(&self, failing: &mut bool) -> Result<(), Trouble> {
        let store = Store::connect(&self.database).await?;
        let log = |error: &dyn std::fmt::Display| Trouble::Log(error.to_string());
        let mut runs = self.jetstream.get_stream(Stream::Runs.as_str()).await.map_err(|error| log(&error))?;
        let epoch = runs.info().await.map_err(|error| log(&error))?.created.to_string();
        let mut position = self.common(&store, &runs, &epoch).await?;
        let config = OrderedConfig {
            filter_subject: filter::ALL_EVENTS.to_owned(),
            deliver_policy: DeliverPolicy::ByStartSequence { start_sequence: position.sequence + 1 },
            ..OrderedConfig::default()
        };
        let consumer = runs.create_consumer(config).await.map_err(|error| log(&error))?;
        let mut messages = consumer.messages().await.map_err(|error| log(&error))?.ready_chunks(self.batch);
        loop {
            let batch = match tokio::time::timeout(IDLE, messages.next()).await {
                Ok(Some(batch)) => batch,
                Ok(None) => return Err(log(&"the consumer ended")),
                Err(_) => {
                    self.still_ours(&store, &position).await?;
                    continue;
                }
            };
            let batch = batch.into_iter().collect::<Result<Vec<_>, _>>().map_err(|error| log(&error))?;
            let next = self.write(&store, &position, &batch).await?;
            if std::mem::take(failing) {
                tracing::info!("the projection goes on");
            }
            position = next;
        }
    }

    /// The position to go on from: the stored one, if the log still has at that place what was projected from it.
    async fn common(
        &self,
        store: &Store,
        runs: &async_nats::jetstream::stream::Stream,
        epoch: &str,
    ) -> Result<Position, Trouble> {
        let start = Position { epoch: epoch.to_owned(), sequence: 0, record_id: RecordId::from_uuid(Uuid::nil()) };
        let mut tx = store.begin_projection().await?;
        let Some(stored) = projection::position(&mut tx, Stream::Runs.as_str()).await? else {
            projection::set_position(&mut tx, Stream::Runs.as_str(), &start).await?;
            tx.commit().await?;
            return Ok(start);
        };
        if stored.sequence == 0 {
            return Ok(stored);
        }
        let same = stored.epoch == epoch
            && match runs.get_raw_message(stored.sequence).await {
                Ok(message) => Head::read(&message.headers).is_some_and(|head| head.id == stored.record_id),
                // Purged after it was projected, as retention does; a log that is shorter than that was restored.
                Err(error) if error.kind() == RawMessageErrorKind::NoMessageFound => {
                    let info = runs.get_info().await.map_err(|error| Trouble::Log(error.to_string()))?;
                    info.state.last_sequence >= stored.sequence
                }
                Err(error) => return Err(Trouble::Log(error.to_string())),
            };
        if same {
            return Ok(stored);
        }
        tracing::warn!(sequence = stored.sequence, "the log is not the one that was projected; projecting it anew");
        projection::set_position(&mut tx, Stream::Runs.as_str(), &start).await?;
        tx.commit().await?;
        Ok(start)
    }

    async fn still_ours(&self, store: &Store, position: &Position) -> Result<(), Trouble> {
        let mut tx = store.begin_projection().await?;
        let stored = projection::position(&mut tx, Stream::Runs.as_str()).await?;
        if stored.as_ref() == Some(position) { Ok(()) } else { Err(Trouble::Overtaken) }
    }

    /// Writes a batch, and the position behind it.
    async fn write(&self, store: &Store, position: &Position, batch: &[Message]) -> Result<Position, Trouble> {
        let mut next = position.clone();
        let mut tenants: BTreeMap<TenantId, Facts> = BTreeMap::new();
        let mut latest = 0;
        for message in batch {
            let info = message.info().map_err(|error| Trouble::Log(error.to_string()))?;
            next.sequence = info.stream_sequence;
            self.metrics.projector_lag.set(i64::try_from(info.pending).unwrap_or(i64::MAX));
            let head = message.headers.as_ref().and_then(Head::read);
            let (Some(head), Ok(Subject::Run { tenant, .. })) = (head, message.subject.as_str().parse()) else {
                tracing::error!(sequence = info.stream_sequence, "a message in the log is no record; passing over it");
                continue;
            };
            next.record_id = head.id;
            let facts = tenants.entry(tenant.id()).or_default();
            for raw in record::read(&message.payload).unwrap_or_default() {
                latest = latest.max(raw.ts);
                // Types that a newer version added say nothing that this version's tables hold.
                if let Ok(event) = raw.open() {
                    facts::add(facts, event);
                }
            }
        }
        let mut tx = store.begin_projection().await?;
        if projection::position(&mut tx, Stream::Runs.as_str()).await?.as_ref() != Some(position) {
            return Err(Trouble::Overtaken);
        }
        for (tenant, facts) in &tenants {
            match tx.enter(*tenant).await? {
                Some(tx) => projection::write(tx, facts).await?,
                None => tracing::warn!(tenant_id = %tenant, "the log has runs of a tenant that Postgres does not know"),
            }
        }
        projection::set_position(&mut tx, Stream::Runs.as_str(), &next).await?;
        tx.commit().await?;
        #[expect(clippy::cast_precision_loss, reason = "a delay in milliseconds is far below what an f64 holds")]
        self.metrics.projector_delay_seconds.set(self.clock.now_millis().saturating_sub(latest) as f64 / 1_000.0);
        Ok(next)
    }
}
