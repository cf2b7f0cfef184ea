//! The runs that this process drove last, as it left them.
//!
//! What waits for a tool mostly goes on soon, and often here: then nothing has to be read. A remembered state is a guess:
//! another process may have driven the run since. Whoever goes on from it must have stored something behind its fence
//! before anything follows from it.

use moka::future::Cache;
use sba_service::log::Loaded;
use sba_subjects::id::RunId;

/// States of parked runs, in bounded memory: the ones that were not asked for longest go first.
#[derive(Debug, Clone)]
pub struct Memory(Cache<RunId, Loaded>);

impl Memory {
    /// A memory of at most about so many bytes of events; 0 remembers nothing.
    #[must_use]
    pub fn new(bytes: u64) -> Self {
        let weigh = |_: &RunId, run: &Loaded| u32::try_from(run.bytes.saturating_add(OWN)).unwrap_or(u32::MAX);
        Self(Cache::builder().weigher(weigh).max_capacity(bytes).build())
    }

    /// Remembers a run as it was left.
    pub(super) async fn keep(&self, run: Loaded) {
        self.0.insert(run.state.run, run).await;
    }

    /// Takes a run out.
    pub(super) async fn take(&self, run: RunId) -> Option<Loaded> {
        self.0.remove(&run).await
    }
}

/// What an entry takes besides its events, in bytes.
const OWN: usize = 1_024;
