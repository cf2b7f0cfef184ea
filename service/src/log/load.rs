//! The state of a run now.

use sba_subjects::{
    command::{Command, CommandBody},
    envelope::Envelope,
    id::{RecordId, RunId, TenantKey},
    state::{ApplyError, RunState, Snapshot},
};

use super::{ReadError, RunLog, Stored};

/// A run's state, and the fence behind which its next record goes.
#[derive(Debug, Clone, PartialEq)]
pub struct Loaded {
    /// The state.
    pub state: RunState,
    /// Stream sequence of the last record folded in; 0 where there is none yet.
    pub fence: u64,
    /// That record; none where an earlier version kept the snapshot that it was last of.
    pub record: Option<RecordId>,
    /// The run's first event, where no record holds it yet: it goes into the first one that is appended.
    pub promised: Option<Box<Envelope>>,
    /// The `seq` up to which a snapshot is kept; 0 for none.
    pub kept: u64,
    /// Bytes of what was folded in: about what the state takes in memory.
    pub bytes: usize,
}

impl Loaded {
    /// A run that its `start` promises, before anything is stored of it; `None` for another command.
    ///
    /// # Errors
    /// Never: what a `start` says can stand first.
    pub fn promised(run: RunId, start: &Command) -> Result<Option<Self>, ApplyError> {
        let CommandBody::Start(created) = &start.body else { return Ok(None) };
        let first = start.first_event(run, created.clone());
        let state = RunState::begin(&first)?;
        let bytes = state.prompt.len();
        Ok(Some(Self { state, fence: 0, record: None, promised: Some(Box::new(first)), kept: 0, bytes }))
    }
}

impl RunLog {
    /// The state of a run, from its snapshot and what was appended since, or as its `start` promises it; `None` for a
    /// run that nobody started.
    ///
    /// What the state must have is what the stream's leader has at the time: a replica may lag behind what was
    /// acknowledged.
    ///
    /// # Errors
    /// [`ReadError`].
    pub async fn load(&self, tenant: &TenantKey, run: RunId) -> Result<Option<Loaded>, ReadError> {
        let last = match self.last(tenant, run).await? {
            Some(last) => last,
            None => match self.promised(tenant, run).await? {
                Some(promised) => return Ok(Some(promised)),
                // Its start may have been settled, and its log begun, between the two questions.
                None => match self.last(tenant, run).await? {
                    Some(last) => last,
                    None => return Ok(None),
                },
            },
        };
        self.up_to(tenant, run, last).await
    }

    /// Whether the log has what a snapshot was made of. It may not: where streams were restored from a backup that was taken
    /// of one after the other, or the log's server lost what it had acknowledged.
    async fn holds(&self, tenant: &TenantKey, run: RunId, snapshot: &Snapshot) -> Result<bool, ReadError> {
        let stored = self.next(tenant, run, snapshot.stream_sequence).await?;
        let holds = stored.is_some_and(|stored| {
            let place = (stored.stream_sequence, stored.head.last_seq());
            place == (snapshot.stream_sequence, snapshot.state.seq)
                && snapshot.record.is_none_or(|record| record == stored.head.id)
        });
        if !holds {
            tracing::warn!(run_id = %run, seq = snapshot.state.seq, "a snapshot is of another log, and not believed");
        }
        Ok(holds)
    }

    /// Folds a run's log up to a record, or further where more is there by now.
    async fn up_to(&self, tenant: &TenantKey, run: RunId, last: Stored) -> Result<Option<Loaded>, ReadError> {
        let mut fold = Fold::default();
        // A short log is read faster than a snapshot and what follows it.
        if last.head.last_seq() > SHORT
            && let Some(snapshot) = self.snapshot(tenant, run).await?
            && self.holds(tenant, run, &snapshot).await?
        {
            fold = Fold {
                kept: snapshot.state.seq,
                fence: snapshot.stream_sequence,
                record: snapshot.record,
                bytes: 0,
                state: Some(snapshot.state),
            };
        }
        // A snapshot may be ahead of `last`, when somebody appended in between.
        while fold.fence < last.stream_sequence {
            if fold.next_seq() == last.head.seq {
                // The last record is at hand: mostly it is all that is new.
                fold.take(&last)?;
                continue;
            }
            let page = self.history(tenant, run, fold.fence).await?.records;
            if page.is_empty() {
                // A replica that lags behind. The leader has it.
                let Some(next) = self.next(tenant, run, fold.fence + 1).await? else { break };
                fold.take(&next)?;
            }
            page.iter().try_for_each(|record| fold.take(record))?;
        }
        let Fold { state, fence, record, kept, bytes } = fold;
        Ok(state.map(|state| Loaded { state, fence, record, promised: None, kept, bytes }))
    }
}

/// Events of a log that is read without looking for a snapshot.
const SHORT: u64 = 64;

/// A log that is being folded.
#[derive(Default)]
struct Fold {
    state: Option<RunState>,
    fence: u64,
    record: Option<RecordId>,
    kept: u64,
    bytes: usize,
}

impl Fold {
    fn next_seq(&self) -> u64 {
        self.state.as_ref().map_or(1, |state| state.seq.saturating_add(1))
    }

    fn take(&mut self, record: &Stored) -> Result<(), ReadError> {
        self.state = RunState::fold(self.state.take(), &record.events()?)?;
        self.fence = record.stream_sequence;
        self.record = Some(record.head.id);
        self.bytes += record.body.len();
        Ok(())
    }
}
