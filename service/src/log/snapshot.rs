//! The latest folded state of a run.

use async_nats::jetstream::stream::RawMessageErrorKind;
use sba_subjects::{
    codec::{self, CodecError},
    envelope::VERSION,
    id::{RecordId, RunId, TenantKey},
    state::{RunState, Snapshot},
    subject::Subject,
};

use super::{ReadError, RunLog, within};

impl RunLog {
    /// The snapshot of a run; `None` where none was kept, or where another version wrote it: the log has it all.
    ///
    /// # Errors
    /// [`ReadError::Unavailable`].
    pub async fn snapshot(&self, tenant: &TenantKey, run: RunId) -> Result<Option<Snapshot>, ReadError> {
        let subject = Subject::Snap { tenant: tenant.clone(), run }.to_string();
        let request = self.snaps.raw_message_builder().last_by_subject(subject).send();
        match within(self.answer, request).await? {
            Ok(message) => Ok(codec::decode(&message.payload).ok().filter(|snapshot: &Snapshot| snapshot.v == VERSION)),
            Err(error) if error.kind() == RawMessageErrorKind::NoMessageFound => Ok(None),
            Err(error) => Err(ReadError::Unavailable(error.to_string())),
        }
    }

    /// Keeps a state as the run's snapshot, in place of the one before. `record` is the last that it is made of, and stands
    /// at `fence`.
    ///
    /// A late writer may put an older snapshot in place of a newer one. That costs the next reader a longer
    /// tail, and nothing else: an old snapshot and the log give the same state.
    ///
    /// # Errors
    /// [`ReadError::Unavailable`] when it was not stored in time.
    pub async fn keep_snapshot(
        &self,
        tenant: &TenantKey,
        state: &RunState,
        fence: u64,
        record: Option<RecordId>,
    ) -> Result<(), ReadError> {
        let subject = Subject::Snap { tenant: tenant.clone(), run: state.run }.to_string();
        let snapshot = Snapshot { v: VERSION, stream_sequence: fence, record, state: state.clone() };
        let unreadable = |source: CodecError| ReadError::Unreadable { stream_sequence: fence, source };
        let body = codec::encode(&snapshot).map_err(unreadable)?;
        let stored = async { self.jetstream.publish(subject, body).await?.await };
        within(self.answer, stored).await?.map(drop).map_err(|error| ReadError::Unavailable(error.to_string()))
    }
}
