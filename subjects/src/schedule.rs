//! What wakes whoever starts a schedule's runs.

use serde::{Deserialize, Serialize};

/// The message that JetStream emits when the moment of a schedule has come. What the schedule is, its row says: this one
/// only wakes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wake {
    /// Version of the wire.
    pub v: u16,
    /// The moment, in milliseconds since 1970 (UTC).
    pub at: u64,
}
