//! The projector: it writes what the log says to Postgres.
//!
//! Rows and the position behind them are stored in one transaction, so a batch is written once or not at all.
//! Every orchestrator has a projector, and one of them leads: see [`sba_store::lead`]. Whoever finds that another moved the
//! position all the same steps back.

mod batch;
mod facts;
mod rebuild;

use std::{
    sync::{Arc, Mutex, PoisonError, atomic::Ordering},
    time::Duration,
};

use async_nats::jetstream::{
    Context,
    consumer::{DeliverPolicy, pull::OrderedConfig},
    stream::RawMessageErrorKind,
};
use futures::{StreamExt as _, future::try_join_all};
use sba_service::{clock::Clock, log::RunLog, metrics::Metrics};
use sba_store::{
    DatabaseOptions, Store, StoreError,
    lead::{Lead, Post},
    projection::{self, Position},
};
use sba_subjects::{id::RecordId, record::Head, subject::filter};
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

pub use self::rebuild::{Rebuild, RebuildError, Rebuilt};
use crate::retention::Retention;

/// How often a projector does what.
#[derive(Debug, Clone, Copy)]
pub struct Intervals {
    /// Least time from one batch to the next. The first record after a pause is written at once; under load, more records
    /// share what a transaction costs.
    pub gather: Duration,
    /// The leader says so often that it is there, and sees whether it still leads.
    pub keep: Duration,
    /// Whoever does not lead asks so often whether it may.
    pub watch: Duration,
    /// Pause after a failure: a database that is down is asked again so often.
    pub retry: Duration,
}

/// What projecting takes.
pub struct Projector {
    /// For the log as it grows.
    pub jetstream: Context,
    /// The log as it stands.
    pub log: RunLog,
    /// What the leader does besides.
    pub retention: Retention,
    /// The database.
    pub database: DatabaseOptions,
    /// Most records of one transaction.
    pub batch: usize,
    /// How often what is done.
    pub every: Intervals,
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
    #[error("the rows cannot be made anew: {0}")]
    Rebuild(#[from] RebuildError),
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
                Err(Trouble::Overtaken) => self.every.watch,
                Err(trouble) => {
                    if !std::mem::replace(&mut failing, true) {
                        tracing::error!(error = %trouble, "the projection stands still; it is tried again and again");
                    }
                    self.every.retry
                }
                Ok(()) => self.every.retry,
            };
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    async fn work(&self, failing: &mut bool) -> Result<(), Trouble> {
        let store = Store::connect(&self.database).await?;
        let lead = loop {
            match store.lead(Post::Projection).await? {
                Some(lead) => break lead,
                None => sleep(self.every.watch).await,
            }
        };
        let failing = Mutex::new(failing);
        let streams = self.log.shards().names().map(|stream| self.project(&store, stream, &failing));
        let done = tokio::select! {
            done = keep(lead, self.every.keep) => done,
            done = try_join_all(streams) => done.map(drop),
            never = self.retention.run(&store) => match never {},
        };
        // From now on another says how far the projection is.
        self.metrics.projector_lag.set(0);
        self.metrics.projector_delay_seconds.set(0.0);
        done
    }

    async fn project(&self, store: &Store, stream: String, failing: &Mutex<&mut bool>) -> Result<(), Trouble> {
        let log = |error: &dyn std::fmt::Display| Trouble::Log(error.to_string());
        let mut runs = self.jetstream.get_stream(&stream).await.map_err(|error| log(&error))?;
        let epoch = runs.info().await.map_err(|error| log(&error))?.created.to_string();
        let mut position = self.common(store, &stream, &runs, &epoch).await?;
        let config = OrderedConfig {
            filter_subject: filter::ALL_EVENTS.to_owned(),
            deliver_policy: DeliverPolicy::ByStartSequence { start_sequence: position.sequence + 1 },
            ..OrderedConfig::default()
        };
        let consumer = runs.create_consumer(config).await.map_err(|error| log(&error))?;
        let mut messages = consumer.messages().await.map_err(|error| log(&error))?.ready_chunks(self.batch);
        let connections = || self.jetstream.client().statistics().connects.load(Ordering::Relaxed);
        let connected = connections();
        loop {
            // The server behind a new connection may have another log than the one before.
            if connections() != connected {
                return Ok(());
            }
            let batch = match timeout(self.every.keep, messages.next()).await {
                Ok(Some(batch)) => batch.into_iter().collect::<Result<Vec<_>, _>>().map_err(|error| log(&error))?,
                Ok(None) => return Err(log(&"the consumer ended")),
                Err(_) => continue,
            };
            let next = Instant::now() + self.every.gather;
            position = self.write(store, &stream, position, &batch).await?;
            if std::mem::take(&mut **failing.lock().unwrap_or_else(PoisonError::into_inner)) {
                tracing::info!("the projection goes on");
            }
            sleep_until(next).await;
        }
    }

    /// The position to go on from: the stored one, if the log still has at that place what was projected from it.
    async fn common(
        &self,
        store: &Store,
        stream: &str,
        runs: &async_nats::jetstream::stream::Stream,
        epoch: &str,
    ) -> Result<Position, Trouble> {
        let start = Position { epoch: epoch.to_owned(), sequence: 0, record_id: RecordId::from_uuid(Uuid::nil()) };
        let mut tx = store.begin_projection().await?;
        let Some(stored) = projection::position(&mut tx, stream).await? else {
            projection::set_position(&mut tx, stream, &start).await?;
            tx.commit().await?;
            return Ok(start);
        };
        if stored.sequence == 0 {
            // Nothing was projected yet, of this log or the one before it.
            return Ok(start);
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
        drop(tx);
        self.anew(store, stream, stored, start).await
    }

    /// The position in a log that is not the one that was projected: it was restored. All rows are made anew from it; until
    /// that is done, the position stays, so that whoever is interrupted begins again.
    async fn anew(&self, store: &Store, stream: &str, stored: Position, start: Position) -> Result<Position, Trouble> {
        tracing::warn!(
            stream,
            sequence = stored.sequence,
            "the log is not the one that was projected; making all rows anew"
        );
        let rebuild = Rebuild { log: self.log.clone(), store: store.clone() };
        let rebuilt = rebuild.stream(stream, None, |_, _| ()).await?;
        let next = match rebuilt.last {
            Some((sequence, record_id)) => Position { sequence, record_id, ..start },
            None => start,
        };
        let mut tx = store.begin_projection().await?;
        if projection::position(&mut tx, stream).await?.as_ref() != Some(&stored) {
            return Err(Trouble::Overtaken);
        }
        projection::set_position(&mut tx, stream, &next).await?;
        tx.commit().await?;
        tracing::info!(runs = rebuilt.runs, left_out = rebuilt.left_out, "all rows were made anew");
        Ok(next)
    }
}

/// Says again and again that this process leads, until it does not.
async fn keep(mut lead: Lead, every: Duration) -> Result<(), Trouble> {
    loop {
        sleep(every).await;
        lead.keep().await?;
    }
}
