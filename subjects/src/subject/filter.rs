//! Patterns over subjects: what a consumer, a subscription or a fence covers.

use crate::{
    id::{RunId, TenantKey},
    name::Queue,
};

/// Both subjects of one run's log: what the fence of an append looks at.
#[must_use]
pub fn run_log(tenant: &TenantKey, run: RunId) -> String {
    format!("sba.{tenant}.run.{}.{run}.*", run.partition())
}

/// The whole log of one run as it grows, for its viewers.
#[must_use]
pub fn live_run(tenant: &TenantKey, run: RunId) -> String {
    format!("live.{tenant}.{run}.*")
}

/// The jobs of one queue, of all tenants.
#[must_use]
pub fn jobs(queue: Queue) -> String {
    format!("sba.*.job.*.{queue}.*")
}

/// The heartbeats of all processes.
pub const HEARTBEATS: &str = "hb.*";

/// The lifecycle events of all runs of all tenants.
pub const ALL_EVENTS: &str = "sba.*.run.*.*.ev";

/// What timers fired, of all runs of all tenants.
pub const FIRED: &str = "sba.*.fired.*.*.*";
