//! What a sweep did.

use crate::error::WorkError;

/// How much a sweep removed or gave out again.
#[derive(Debug, Default)]
pub struct Tally {
    /// Bytes in the blob store that no document and no artifact names.
    pub blobs: u64,
    /// Files that writes to the blob store left when they were cut off.
    pub torn: u64,
    /// Documents whose indexing was given out again.
    pub documents: u64,
    /// Schedules that were woken again.
    pub schedules: u64,
    /// Sessions that are over.
    pub sessions: u64,
    /// Idempotency keys.
    pub keys: u64,
    /// What is remembered of the effects of tools.
    pub effects: u64,
    /// What is remembered of jobs that take their worker with them.
    pub starts: u64,
    /// Tenants of which something could not be swept, and the first reason.
    pub left: u64,
    pub(super) why: Option<WorkError>,
}

impl Tally {
    /// Each count with its name.
    pub(super) fn counts(&self) -> [(&'static str, u64); 8] {
        let Self { blobs, torn, documents, schedules, sessions, keys, effects, starts, .. } = *self;
        [
            ("blobs", blobs),
            ("torn", torn),
            ("documents", documents),
            ("schedules", schedules),
            ("sessions", sessions),
            ("keys", keys),
            ("effects", effects),
            ("starts", starts),
        ]
    }

    /// How much it was altogether.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.counts().iter().map(|(_, count)| count).sum()
    }

    pub(super) fn left(&mut self, why: WorkError) {
        self.left += 1;
        self.why.get_or_insert(why);
    }

    /// Says what was done, where something was.
    pub(super) fn report(&self) {
        let Self { blobs, torn, documents, schedules, sessions, keys, effects, starts, left, .. } = *self;
        if self.total() > 0 {
            tracing::info!(
                blobs,
                torn,
                documents,
                schedules,
                sessions,
                keys,
                effects,
                starts,
                "what nobody needs any more was removed, and what was lost given out again",
            );
        }
        if let Some(why) = &self.why {
            tracing::warn!(code = why.code, error = why.chain(), tenants = left, "some tenants could not be swept");
        }
    }
}
