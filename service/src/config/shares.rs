//! `[shares]`

use sba_subjects::{name::Queue, share::SharedQueue};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::findings::Findings;

/// How much of each queue one tenant may fill, over all processes. What it asks for beyond waits apart and is worked on at
/// places of its own, so that others do not wait behind it. Best at most half of the places that one process has.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SharesConfig {
    /// Runs that were started and neither ended nor wait for something.
    pub runs: u64,
    /// Artifacts.
    pub render: u64,
    /// Documents to be indexed.
    pub index: u64,
    /// Calls of other tools.
    pub tool_exec: u64,
}

impl Default for SharesConfig {
    fn default() -> Self {
        Self { runs: 64, render: 4, index: 1, tool_exec: 8 }
    }
}

impl SharesConfig {
    /// The share of a queue.
    #[must_use]
    pub const fn of(&self, queue: SharedQueue) -> u64 {
        match queue {
            SharedQueue::Runs => self.runs,
            SharedQueue::Jobs(Queue::Render) => self.render,
            SharedQueue::Jobs(Queue::Index) => self.index,
            SharedQueue::Jobs(Queue::ToolExec) => self.tool_exec,
            // Nobody has a share of what SBA does for itself.
            SharedQueue::Jobs(Queue::AgentSupervisor) => u64::MAX,
        }
    }

    pub(super) fn check(&self, mut to: Findings<'_>) {
        to.range("runs", self.runs, 1..=100_000);
        to.range("render", self.render, 1..=100_000);
        to.range("index", self.index, 1..=100_000);
        to.range("tool_exec", self.tool_exec, 1..=100_000);
    }
}
