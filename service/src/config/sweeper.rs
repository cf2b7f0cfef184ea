//! `[sweeper]`

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Config, Millis, findings::Findings};

/// What is removed once nobody needs it, and given out again when it was lost. One worker sweeps for all.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SweeperConfig {
    /// Time between two sweeps over all tenants, in milliseconds.
    pub interval_ms: Millis,
    /// Time between two looks of a worker that does not sweep whether it may, in milliseconds.
    pub watch_ms: Millis,
    /// Age at which bytes in the blob store that no document and no artifact names are removed, in milliseconds. Longer than
    /// any upload and any job takes, or what is still under way would be taken for left behind.
    pub blob_age_ms: Millis,
    /// Time without progress after which a pending document is given to the workers again, in milliseconds.
    pub pending_age_ms: Millis,
    /// Time after its moment from which on a schedule that nobody has seen to is woken again, in milliseconds.
    pub overdue_age_ms: Millis,
    /// Hours for which it is remembered what came of a tool's call that changes something. A call that is repeated after
    /// that, such as a dead letter that is given out again, has its effect again.
    pub effect_hours: u32,
    /// Hours for which it is remembered that a job took its worker with it.
    pub start_hours: u32,
    /// Most rows and blobs that are looked at or removed at a time.
    pub batch: u32,
}

impl Default for SweeperConfig {
    fn default() -> Self {
        Self {
            interval_ms: Millis::new(3_600_000),
            watch_ms: Millis::new(10_000),
            blob_age_ms: Millis::new(86_400_000),
            pending_age_ms: Millis::new(900_000),
            overdue_age_ms: Millis::new(120_000),
            effect_hours: 90 * 24,
            start_hours: 7 * 24,
            batch: 500,
        }
    }
}

impl SweeperConfig {
    pub(super) fn check(&self, all: &Config, mut to: Findings<'_>) {
        to.range("interval_ms", self.interval_ms.get(), 1_000..=604_800_000);
        to.range("watch_ms", self.watch_ms.get(), 100..=3_600_000);
        to.range("blob_age_ms", self.blob_age_ms.get(), 60_000..=31_536_000_000);
        let (upload, job) = (all.gateway.upload_timeout_ms, all.worker.job_deadline_ms);
        let longest = upload.max(job).get().saturating_add(all.worker.outage_ms.get());
        let enough = self.blob_age_ms.get() >= longest.saturating_mul(2);
        let problem = format!(
            "is less than twice the {longest} ms that gateway.upload_timeout_ms or \
            worker.job_deadline_ms, and worker.outage_ms, allow"
        );
        to.require("blob_age_ms", enough, &problem);
        to.range("pending_age_ms", self.pending_age_ms.get(), 10_000..=604_800_000);
        to.range("overdue_age_ms", self.overdue_age_ms.get(), 10_000..=604_800_000);
        to.range("effect_hours", self.effect_hours, 24..=87_600);
        to.range("start_hours", self.start_hours, 24..=87_600);
        to.range("batch", self.batch, 1..=10_000);
    }
}
