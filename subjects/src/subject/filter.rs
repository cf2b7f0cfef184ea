//! Patterns over subjects: what a consumer, a subscription or a fence covers.

use crate::{
    id::{RunId, TenantKey},
    name::{Origin, Queue, RunKind, ToolName, Verb},
    share::SharedQueue,
};

/// Both subjects of one run's log: what the fence of an append looks at.
#[must_use]
pub fn run_log(tenant: &TenantKey, run: RunId) -> String {
    format!("sba.{tenant}.run.{}.{run}.*", run.partition())
}

/// The log of one run, whosever it is.
#[must_use]
pub fn run_log_of_any(run: RunId) -> String {
    format!("sba.*.run.{}.{run}.*", run.partition())
}

/// The command that starts one run, whosever it is: within its tenant's share, and beyond it.
#[must_use]
pub fn start_of_any(run: RunId) -> [String; 2] {
    ["", "surplus."].map(|place| format!("sba.*.{place}cmd.{}.{run}.{}", run.partition(), Verb::Start))
}

/// What is scheduled for one run, and what was emitted for it.
#[must_use]
pub fn timers(tenant: &TenantKey, run: RunId) -> [String; 2] {
    ["timer", "fired"].map(|family| format!("sba.{tenant}.{family}.{}.{run}.*", run.partition()))
}

/// The lifecycle events of all runs, of one tenant or of all.
#[must_use]
pub fn events(tenant: Option<&TenantKey>) -> String {
    format!("sba.{}.run.*.*.{}", tenant.map_or("*", TenantKey::as_str), RunKind::Event)
}

/// The whole logs of all runs of a tenant.
#[must_use]
pub fn all_logs(tenant: &TenantKey) -> String {
    format!("sba.{tenant}.run.*.*.*")
}

/// What tenants' clients ask: of runs, of their feeds, and to serve tools.
pub const ASKED: [&str; 3] = ["cmd.*.*.>", "feed.*.*.*", "serve.*.*.*.*"];

/// The jobs of one tool that a tenant serves.
#[must_use]
pub fn served_jobs(tenant: &TenantKey, tool: &ToolName) -> String {
    format!("sba.{tenant}.jobx.{tool}.*")
}

/// What tenants' clients ask to find services.
pub const DISCOVERY: &str = "srv.*.>";

/// The commands with this verb, for all runs of all tenants.
#[must_use]
pub fn commands(verb: Verb) -> String {
    format!("sba.*.cmd.*.*.{verb}")
}

/// The commands for one run that wait, or are worked on: within its tenant's share, and beyond it.
#[must_use]
pub fn run_commands(tenant: &TenantKey, run: RunId) -> [String; 2] {
    ["", "surplus."].map(|place| format!("sba.{tenant}.{place}cmd.{}.{run}.*", run.partition()))
}

/// The whole log of one run as it grows, for its viewers.
#[must_use]
pub fn live_run(tenant: &TenantKey, run: RunId) -> String {
    format!("live.{tenant}.{run}.*")
}

/// The logs of all runs of all tenants, as they grow.
pub const LIVE: &str = "live.*.*.*";

/// The lifecycle events of all runs of all tenants, as they happen.
pub const LIVE_EVENTS: &str = "live.*.*.ev";

/// The jobs of one queue, of all tenants.
#[must_use]
pub fn jobs(queue: Queue) -> String {
    format!("sba.*.job.*.{queue}.*")
}

/// The jobs of one queue that are beyond the shares of their tenants.
#[must_use]
pub fn surplus_jobs(queue: Queue) -> String {
    format!("sba.*.surplus.job.*.{queue}.*")
}

/// The runs to start that are beyond the shares of their tenants.
pub const SURPLUS_STARTS: &str = "sba.*.surplus.cmd.*.*.start";

/// What a tenant has in a queue within its share.
#[must_use]
pub fn share(tenant: &TenantKey, queue: SharedQueue) -> String {
    match queue {
        SharedQueue::Runs => format!("sba.{tenant}.cmd.*.*.{}", Verb::Start),
        SharedQueue::Jobs(queue) => format!("sba.{tenant}.job.*.{queue}.*"),
    }
}

/// The heartbeats of all processes.
pub const HEARTBEATS: &str = "hb.*";

/// The lifecycle events of all runs of all tenants.
pub const ALL_EVENTS: &str = "sba.*.run.*.*.ev";

/// What timers fired, of all runs of all tenants.
pub const FIRED: &str = "sba.*.fired.*.*.*";

/// The schedules whose moment has come, of all tenants.
pub const DUE: &str = "sba.*.due.*.*";

/// Where dead letters come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// From a family of subjects.
    Origin(Origin),
    /// From one queue of SBA's own workers.
    Queue(Queue),
}

/// Dead letters: of one tenant or of all, from one source or from all.
#[must_use]
pub fn dead_letters(tenant: Option<&TenantKey>, source: Option<Source>) -> String {
    let tenant = tenant.map_or("*", TenantKey::as_str);
    match source {
        None => format!("sba.{tenant}.dead.>"),
        Some(Source::Origin(origin)) => format!("sba.{tenant}.dead.{origin}.>"),
        Some(Source::Queue(queue)) => format!("sba.{tenant}.dead.{}.*.{queue}.*", Origin::Job),
    }
}
