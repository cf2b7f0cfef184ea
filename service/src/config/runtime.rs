//! `[runtime]`

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::findings::Findings;

/// How a process uses the machine.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RuntimeConfig {
    /// Threads that work on requests, runs and jobs; 0 for as many as there are processors. One is the fastest for its size: start more processes before more threads. What computes for long (the embedding model, the reading of documents) has threads of its own.
    pub threads: usize,
}

impl Default for RuntimeConfig {
    fn default() -> Self {
        Self { threads: 1 }
    }
}

impl RuntimeConfig {
    pub(super) fn check(&self, mut to: Findings<'_>) {
        to.range("threads", self.threads, 0..=1_024);
    }
}
