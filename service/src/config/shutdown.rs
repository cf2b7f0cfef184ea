//! `[shutdown]`

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Millis, findings::Findings};

/// How a process ends.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ShutdownConfig {
    /// Time between the first signal and the end: what is in flight then is stopped. In milliseconds.
    pub grace_ms: Millis,
}

impl Default for ShutdownConfig {
    fn default() -> Self {
        Self { grace_ms: Millis::new(20_000) }
    }
}

impl ShutdownConfig {
    pub(super) fn check(&self, mut to: Findings<'_>) {
        to.range("grace_ms", self.grace_ms.get(), 0..=3_600_000);
    }
}
