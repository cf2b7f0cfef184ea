//! The sign of life that each process gives on `hb.<instance>`.

use serde::{Deserialize, Serialize};

use crate::id::{InstanceId, RunId};

/// One sign of life.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heartbeat {
    /// The process.
    pub instance: InstanceId,
    /// What it is: `gateway`, `orchestrator` or `worker`.
    pub kind: String,
    /// Counts up from 1.
    pub number: u64,
    /// The runs it owns.
    pub runs: Vec<RunId>,
    /// Whether it is about to stop and takes nothing new.
    pub draining: bool,
}
