//! Rows made anew from the log, while runs go on and the projector works.
//!
//! The log is walked through once, from its start. What a run says is gathered until its end is there, and then takes the
//! place of the run's rows within one transaction: nobody sees a run in between. The transaction holds the projector's
//! position, so the projector writes before it or after it. A run that has not ended is read by itself, while the projector
//! waits; so is one whose events were too many to be kept in memory.
//!
//! A run whose first event is not in the log is not touched: what Postgres has of it is all there is. Whoever is
//! interrupted begins again; nothing but time is lost.

use std::collections::HashMap;

use sba_service::{
    log::{ReadError, RunLog},
    walk::{From as Start, Passed, WalkError},
};
use sba_store::{
    ProjectionTx, Store, StoreError, left_out, log_tenants,
    projection::{self, Facts},
};
use sba_subjects::{
    envelope::RawEnvelope,
    id::{RecordId, RunId, TenantId, TenantKey},
    record::{self, Head},
    subject::Subject,
};

use super::facts;

/// Runs that are written in one transaction.
const BATCH: usize = 100;
/// Most bytes of records that wait for the end of their runs; beyond, they are read again by themselves.
const ROOM: usize = 64 << 20;

/// Why rows could not be made anew.
#[derive(Debug, thiserror::Error)]
pub enum RebuildError {
    /// Postgres does not take them.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The log cannot be walked through.
    #[error(transparent)]
    Walk(#[from] WalkError),
    /// A run's log cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
}

impl RebuildError {
    /// A stable name for the kind of failure.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Store(error) => error.code(),
            Self::Walk(error) => error.code(),
            Self::Read(error) => error.code(),
        }
    }
}

/// What came of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rebuilt {
    /// Runs whose rows were made anew.
    pub runs: u64,
    /// Runs that the database refused; their rows are as they were.
    pub left_out: u64,
    /// Runs of tenants that Postgres does not know.
    pub nobodys: u64,
    /// The last record of a stream that was passed.
    pub last: Option<(u64, RecordId)>,
}

/// What makes rows anew.
#[derive(Debug, Clone)]
pub struct Rebuild {
    /// The log.
    pub log: RunLog,
    /// Postgres.
    pub store: Store,
}

type Key = (TenantKey, RunId);

/// What a run says, as far as it was read.
#[derive(Debug, Default)]
struct Part {
    facts: Facts,
    /// The last event.
    seq: u64,
    bytes: usize,
}

impl Part {
    fn take(&mut self, seq: u64, bytes: usize, events: Vec<RawEnvelope>) {
        self.seq = seq;
        self.bytes += bytes;
        // Types that a newer version added say nothing that this version's tables hold.
        events.into_iter().filter_map(|raw| raw.open().ok()).for_each(|event| facts::add(&mut self.facts, event));
    }
}

impl Rebuild {
    /// Makes the rows of all runs in the log anew, or of those of one tenant. `progress` is told how far the walk is, and
    /// how far it goes.
    ///
    /// # Errors
    /// [`RebuildError`]; what was made anew until then stays.
    pub async fn all(
        &self,
        tenant: Option<&TenantKey>,
        mut progress: impl FnMut(u64, u64),
    ) -> Result<Rebuilt, RebuildError> {
        let mut done = Rebuilt::default();
        for stream in self.log.shards().names() {
            done.add(&self.stream(&stream, tenant, &mut progress).await?);
        }
        Ok(done)
    }

    /// The same for the runs whose logs one stream keeps.
    pub(super) async fn stream(
        &self,
        stream: &str,
        tenant: Option<&TenantKey>,
        mut progress: impl FnMut(u64, u64),
    ) -> Result<Rebuilt, RebuildError> {
        let mut walk = self.log.walk(stream, tenant, Start::After(0), false).await?;
        let end = walk.end();
        let mut sweep = Sweep::default();
        while let Some(passed) = walk.next().await? {
            progress(passed.sequence, end);
            sweep.pass(passed);
            if sweep.whole.len() >= BATCH {
                self.write(stream, &mut sweep).await?;
            }
        }
        self.write(stream, &mut sweep).await?;
        let open: Vec<Key> = sweep.gathered.drain().map(|(key, _)| key).collect();
        for (tenant, run) in sweep.apart.drain(..).chain(open) {
            let done = self.one(&tenant, run).await?;
            sweep.done.add(&done);
        }
        Ok(sweep.done)
    }

    /// Makes the rows of one run anew. One whose first event is not in the log is left as it is.
    ///
    /// # Errors
    /// [`RebuildError`].
    pub async fn one(&self, tenant: &TenantKey, run: RunId) -> Result<Rebuilt, RebuildError> {
        let mut done = Rebuilt::default();
        // The projector waits from here on: what is read now is all that it has written of the run, or more.
        let mut tx = self.hold(&self.log.shards().of(run)).await?;
        let Some(part) = self.read(tenant, run).await? else { return Ok(done) };
        if tx.enter(tenant.id()).await?.is_none() {
            done.nobodys = 1;
            return Ok(done);
        }
        self.replace(&mut tx, tenant.id(), vec![(run, part)], &mut done).await?;
        tx.commit().await?;
        Ok(done)
    }

    /// What a run's log says up to now; `None` where its start is not there.
    async fn read(&self, tenant: &TenantKey, run: RunId) -> Result<Option<Part>, RebuildError> {
        let Some(mut reading) = self.log.read(tenant, run).await? else { return Ok(None) };
        let mut part = Part::default();
        while let Some(stored) = reading.next().await? {
            if part.seq == 0 && stored.head.seq != 1 {
                return Ok(None);
            }
            part.take(stored.head.last_seq(), stored.body.len(), stored.raw()?);
        }
        Ok(Some(part))
    }

    /// A transaction that the projector of this stream waits for.
    async fn hold(&self, stream: &str) -> Result<ProjectionTx, StoreError> {
        let mut tx = self.store.begin_projection().await?;
        projection::position(&mut tx, stream).await?;
        Ok(tx)
    }

    /// Writes the runs that are whole.
    async fn write(&self, stream: &str, sweep: &mut Sweep) -> Result<(), RebuildError> {
        let mut by_tenant: HashMap<TenantKey, Vec<(RunId, Part)>> = HashMap::new();
        for ((tenant, run), part) in sweep.whole.drain(..) {
            by_tenant.entry(tenant).or_default().push((run, part));
        }
        if by_tenant.is_empty() {
            return Ok(());
        }
        let mut tx = self.hold(stream).await?;
        for (tenant, parts) in by_tenant {
            if tx.enter(tenant.id()).await?.is_none() {
                sweep.done.nobodys += parts.len() as u64;
                continue;
            }
            self.replace(&mut tx, tenant.id(), parts, &mut sweep.done).await?;
        }
        Ok(tx.commit().await?)
    }

    /// Puts what the log says of a tenant's runs in the place of their rows.
    async fn replace(
        &self,
        tx: &mut ProjectionTx,
        tenant: TenantId,
        parts: Vec<(RunId, Part)>,
        done: &mut Rebuilt,
    ) -> Result<(), StoreError> {
        let ids: Vec<RunId> = parts.iter().map(|(run, _)| *run).collect();
        let mut whole = Facts::default();
        parts.iter().for_each(|(_, part)| whole.extend(part.facts.clone()));
        let Some(of_tenant) = tx.enter(tenant).await? else { return Ok(()) };
        if projection::replace_apart(of_tenant, &ids, &whole).await?.is_ok() {
            done.runs += ids.len() as u64;
            left_out::forget(tx, &ids).await?;
            return log_tenants::note(tx, tenant).await;
        }
        // The database will never take some of it.
        for (run, part) in parts {
            let Some(of_tenant) = tx.enter(tenant).await? else { return Ok(()) };
            match projection::replace_apart(of_tenant, &[run], &part.facts).await? {
                Ok(()) => {
                    done.runs += 1;
                    left_out::forget(tx, &[run]).await?;
                }
                Err(error) => {
                    done.left_out += 1;
                    tracing::error!(
                        tenant_id = %tenant, run_id = %run, code = error.code(), error = &error as &dyn std::error::Error,
                        "what the log says of a run cannot be stored; its rows stay as they were",
                    );
                }
            }
        }
        log_tenants::note(tx, tenant).await
    }
}

/// A walk through the log, half way.
#[derive(Default)]
struct Sweep {
    /// Runs whose end is not there yet.
    gathered: HashMap<Key, Part>,
    /// Bytes of these.
    bytes: usize,
    /// Runs whose end is there.
    whole: Vec<(Key, Part)>,
    /// Runs to be read by themselves.
    apart: Vec<Key>,
    done: Rebuilt,
}

impl Sweep {
    fn pass(&mut self, passed: Passed) {
        let Ok(Subject::Run { tenant, run, .. }) = passed.subject.parse() else { return };
        let Some(head) = Head::read(&passed.headers) else { return };
        self.done.last = Some((passed.sequence, head.id));
        let key = (tenant, run);
        // Events whose run did not begin on this way: it is not in the log whole, or is read by itself.
        if head.seq == 1 {
            self.gathered.insert(key.clone(), Part::default());
        }
        let Some(part) = self.gathered.get_mut(&key) else { return };
        let Ok(events) = record::read(&passed.body) else { return };
        part.take(head.last_seq(), passed.body.len(), events);
        self.bytes += passed.body.len();
        if record::ends(&passed.headers)
            && let Some(part) = self.gathered.remove(&key)
        {
            self.bytes -= part.bytes;
            self.whole.push((key, part));
        } else if self.bytes > ROOM {
            self.bytes = 0;
            self.apart.extend(self.gathered.drain().map(|(key, _)| key));
        }
    }
}

impl Rebuilt {
    fn add(&mut self, more: &Self) {
        self.runs += more.runs;
        self.left_out += more.left_out;
        self.nobodys += more.nobodys;
    }
}
