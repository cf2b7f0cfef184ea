//! Writing a batch of the log, and the position behind it.

use std::collections::BTreeMap;

use async_nats::jetstream::Message;
use sba_store::{
    ProjectionTx, Store, StoreError, left_out, log_tenants,
    projection::{self, Facts, Position},
};
use sba_subjects::{
    id::{RecordId, RunId, TenantId},
    record::{self, Head},
    subject::Subject,
};

use super::{Projector, Trouble, facts};

async fn note_no_records(tx: &mut ProjectionTx, stream: &str, batch: &Batch) -> Result<(), StoreError> {
    for (sequence, code) in &batch.no_records {
        left_out::note(tx, stream, *sequence, None, code).await?;
    }
    Ok(())
}

/// What a batch says.
#[derive(Default)]
struct Batch {
    /// By tenant, and by run where those are kept apart.
    facts: BTreeMap<(TenantId, Option<RunId>), Facts>,
    /// The last record, if there is any.
    last: Option<(u64, RecordId)>,
    /// When the latest event happened, in milliseconds.
    latest: u64,
    /// Messages that are no records, and why.
    no_records: Vec<(u64, &'static str)>,
    /// Where the last record of each run stands, where those are kept apart.
    lasts: BTreeMap<RunId, u64>,
}

impl Projector {
    /// Writes a batch, and the position behind it.
    pub(super) async fn write(
        &self,
        store: &Store,
        stream: &str,
        position: Position,
        messages: &[Message],
    ) -> Result<Position, Trouble> {
        let batch = self.read(messages, false)?;
        // Messages that are no records are passed over; the position names a record.
        let Some((sequence, record_id)) = batch.last else {
            let mut tx = store.begin_projection().await?;
            note_no_records(&mut tx, stream, &batch).await?;
            tx.commit().await?;
            return Ok(position);
        };
        let next = Position { sequence, record_id, ..position.clone() };
        match self.store(store, stream, &position, &next, &batch).await {
            // The database will never take some of it.
            Err(Trouble::Store(error)) if !error.is_transient() => {
                tracing::warn!(code = error.code(), "a batch cannot be projected as a whole; writing run by run");
                self.store(store, stream, &position, &next, &self.read(messages, true)?).await?;
            }
            written => written?,
        }
        #[expect(clippy::cast_precision_loss, reason = "a delay in milliseconds is far below what an f64 holds")]
        self.metrics.projector_delay_seconds.set(self.clock.now_millis().saturating_sub(batch.latest) as f64 / 1_000.0);
        Ok(next)
    }

    /// Reads a batch, for the second time when runs are wanted apart.
    fn read(&self, messages: &[Message], apart: bool) -> Result<Batch, Trouble> {
        let mut batch = Batch::default();
        for message in messages {
            let info = message.info().map_err(|error| Trouble::Log(error.to_string()))?;
            self.metrics.projector_lag.set(i64::try_from(info.pending).unwrap_or(i64::MAX));
            let head = message.headers.as_ref().and_then(Head::read);
            let (Some(head), Ok(Subject::Run { tenant, run, .. })) = (head, message.subject.as_str().parse()) else {
                self.pass_over(info.stream_sequence, "it has no headers of a record", apart);
                batch.no_records.push((info.stream_sequence, "record_headless"));
                continue;
            };
            batch.last = Some((info.stream_sequence, head.id));
            let events = match record::known(&message.payload) {
                Ok(events) => events,
                Err(error) => {
                    self.pass_over(info.stream_sequence, &error.to_string(), apart);
                    batch.no_records.push((info.stream_sequence, "record_unreadable"));
                    continue;
                }
            };
            if apart {
                batch.lasts.insert(run, info.stream_sequence);
            }
            let facts = batch.facts.entry((tenant.id(), apart.then_some(run))).or_default();
            for event in events {
                batch.latest = batch.latest.max(event.ts);
                facts::add(facts, event);
            }
        }
        Ok(batch)
    }

    async fn store(
        &self,
        store: &Store,
        stream: &str,
        from: &Position,
        to: &Position,
        batch: &Batch,
    ) -> Result<(), Trouble> {
        let mut tx = store.begin_projection().await?;
        if projection::position(&mut tx, stream).await?.as_ref() != Some(from) {
            return Err(Trouble::Overtaken);
        }
        for ((tenant, run), facts) in &batch.facts {
            let Some(of_tenant) = tx.enter(*tenant).await? else {
                tracing::warn!(tenant_id = %tenant, "the log has runs of a tenant that Postgres does not know");
                continue;
            };
            match run {
                None => projection::write(of_tenant, facts).await?,
                Some(run) => {
                    if let Err(error) = projection::write_apart(of_tenant, facts).await? {
                        self.leave_out(*tenant, *run, &error);
                        let last = batch.lasts.get(run).copied().unwrap_or_default();
                        left_out::note(&mut tx, stream, last, Some((*tenant, *run)), error.code()).await?;
                    }
                }
            }
            if !facts.new_runs.is_empty() {
                log_tenants::note(&mut tx, *tenant).await?;
            }
        }
        note_no_records(&mut tx, stream, batch).await?;
        projection::set_position(&mut tx, stream, to).await?;
        Ok(tx.commit().await?)
    }

    fn pass_over(&self, sequence: u64, why: &str, again: bool) {
        if !again {
            self.metrics.projector_left_out.inc();
            tracing::error!(sequence, why, "a message in the log is no record; passing over it");
        }
    }

    fn leave_out(&self, tenant: TenantId, run: RunId, why: &StoreError) {
        self.metrics.projector_left_out.inc();
        tracing::error!(
            tenant_id = %tenant, run_id = %run, code = why.code(), error = why as &dyn std::error::Error,
            "what the log says of a run cannot be stored; leaving it out",
        );
    }
}
