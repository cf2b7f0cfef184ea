//! Who reads the work queues. Each is one durable consumer that all processes of a kind share.

use std::time::Duration;

use async_nats::jetstream::consumer::{AckPolicy, DeliverPolicy, pull};

use crate::{
    id::TenantKey,
    name::{Queue, ToolName, Verb},
    stream::Stream,
    subject::filter,
};

/// What an installation decides about a consumer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pace {
    /// How long a message may go without a sign of progress before it is given to another.
    pub ack_wait: Duration,
    /// Most messages under way at once, over all processes.
    pub max_ack_pending: i64,
    /// Most requests for messages that wait at the server, over all processes. A server does not let it be changed.
    pub max_waiting: i64,
}

/// The durable name of the consumer of what is said to runs that were started.
pub const ORCHESTRATORS: &str = "orchestrators";

/// The durable name of the consumer of runs to start.
pub const STARTS: &str = "starts";

/// The durable name of the consumer of runs to start that are beyond their tenants' shares.
pub const SURPLUS_STARTS: &str = "starts-surplus";

/// The consumers of commands. Runs to start have one of their own: however many wait, whoever cancels a run is heard.
/// Those beyond their tenants' shares have another: however many one tenant starts, others' runs begin.
///
/// Deliveries are not limited: a command is given back until somebody settles or dead-letters it.
#[must_use]
pub fn commands(pace: &Pace) -> [(Stream, pull::Config); 3] {
    let to_runs = Verb::ALL.iter().filter(|verb| **verb != Verb::Start).map(|verb| filter::commands(*verb)).collect();
    let mut commands = config(ORCHESTRATORS.to_owned(), String::new(), pace);
    commands.filter_subjects = to_runs;
    // In this order: no two consumers of a work queue may want the same, and an earlier version's wanted all.
    let starts = config(STARTS.to_owned(), filter::commands(Verb::Start), pace);
    let surplus = config(SURPLUS_STARTS.to_owned(), filter::SURPLUS_STARTS.to_owned(), pace);
    [commands, starts, surplus].map(|consumer| (Stream::Cmds, consumer))
}

/// The durable name of the consumer that copies what timers fired to the queue of commands.
pub const TIMERS: &str = "timers";

/// The consumer of what timers fired.
#[must_use]
pub fn timers(pace: &Pace) -> (Stream, pull::Config) {
    (Stream::Timers, config(TIMERS.to_owned(), filter::FIRED.to_owned(), pace))
}

/// The durable name of the consumer that starts what schedules are for.
pub const SCHEDULES: &str = "schedules";

/// The consumer of schedules whose moment has come.
#[must_use]
pub fn schedules(pace: &Pace) -> (Stream, pull::Config) {
    (Stream::Timers, config(SCHEDULES.to_owned(), filter::DUE.to_owned(), pace))
}

/// The consumer of one queue of jobs.
#[must_use]
pub fn jobs(queue: Queue, pace: &Pace) -> (Stream, pull::Config) {
    (Stream::Jobs, config(queue.to_string(), filter::jobs(queue), pace))
}

/// The durable name of the consumer of the jobs of a queue that are beyond their tenants' shares.
#[must_use]
pub fn surplus_of(queue: Queue) -> String {
    format!("{queue}-surplus")
}

/// The consumer of the jobs of one queue that are beyond their tenants' shares.
#[must_use]
pub fn surplus_jobs(queue: Queue, pace: &Pace) -> (Stream, pull::Config) {
    (Stream::Jobs, config(surplus_of(queue), filter::surplus_jobs(queue), pace))
}

/// What an installation decides about feeds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedPace {
    /// How long a message may go without an acknowledgement before it is delivered again.
    pub ack_wait: Duration,
    /// Most messages that are delivered and not acknowledged.
    pub max_ack_pending: i64,
    /// How long nobody may ask for messages before the feed is removed.
    pub idle: Duration,
}

/// Most requests of a feed's readers that wait at the server, messages that one may ask for, and time for which it may wait.
const FEED_WAITING: i64 = 16;
const FEED_BATCH: i64 = 256;
const FEED_EXPIRES: Duration = Duration::from_secs(60);

/// A feed of a tenant, of one of the streams that keep the logs of runs. Its name is the tenant's key, which is all that
/// lets the tenant have it. It lives in memory, with its position.
#[must_use]
pub fn feed(tenant: &TenantKey, from: DeliverPolicy, tokens: bool, pace: &FeedPace) -> pull::Config {
    pull::Config {
        durable_name: Some(tenant.to_string()),
        filter_subject: if tokens { filter::all_logs(tenant) } else { filter::events(Some(tenant)) },
        deliver_policy: from,
        ack_policy: AckPolicy::Explicit,
        ack_wait: pace.ack_wait,
        max_ack_pending: pace.max_ack_pending,
        max_deliver: -1,
        max_waiting: FEED_WAITING,
        max_batch: FEED_BATCH,
        max_expires: FEED_EXPIRES,
        inactive_threshold: pace.idle,
        memory_storage: true,
        num_replicas: 1,
        ..pull::Config::default()
    }
}

/// What an installation decides about served tools.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServePace {
    /// How long a call may go without a sign of progress before it is given to another worker.
    pub ack_wait: Duration,
    /// How long nobody may ask for calls before the consumer is removed. The calls stay.
    pub idle: Duration,
}

/// Calls of one served tool that are under way at once, and requests for them that wait.
const SERVED_AT_ONCE: i64 = 256;

/// The consumer of the calls of a tool that a tenant serves.
#[must_use]
pub fn served(tenant: &TenantKey, tool: &ToolName, pace: &ServePace) -> pull::Config {
    pull::Config {
        durable_name: Some(served_name(tenant, tool)),
        filter_subject: filter::served_jobs(tenant, tool),
        ack_policy: AckPolicy::Explicit,
        ack_wait: pace.ack_wait,
        max_ack_pending: SERVED_AT_ONCE,
        max_deliver: -1,
        max_waiting: SERVED_AT_ONCE,
        inactive_threshold: pace.idle,
        ..pull::Config::default()
    }
}

/// The durable name of that consumer.
pub(crate) fn served_name(tenant: &TenantKey, tool: &ToolName) -> String {
    format!("{tenant}_{tool}")
}

fn config(name: String, filter_subject: String, pace: &Pace) -> pull::Config {
    pull::Config {
        durable_name: Some(name),
        filter_subject,
        ack_policy: AckPolicy::Explicit,
        ack_wait: pace.ack_wait,
        max_ack_pending: pace.max_ack_pending,
        max_deliver: -1,
        max_waiting: pace.max_waiting,
        ..pull::Config::default()
    }
}
