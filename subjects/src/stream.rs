//! What JetStream keeps.

mod shards;

use std::time::Duration;

use async_nats::jetstream::stream::{Config, DiscardPolicy, Republish, RetentionPolicy, StorageType};

use crate::name::closed_set;
use std::{fmt, str::FromStr};

use crate::id::InvalidId;

use serde::{Deserialize, Serialize};
pub use shards::Shards;

closed_set!(
    /// The streams.
    Stream, "stream" {
        /// The log of all runs.
        Runs = "RUNS",
        /// The latest folded state of each run.
        Snap = "SNAP",
        /// Commands for runs.
        Cmds = "CMDS",
        /// Jobs for SBA's own workers.
        Jobs = "JOBS",
        /// Jobs for tools that customers serve.
        Jobx = "JOBX",
        /// Timers of runs and schedules of tenants, and what they emit.
        Timers = "TIMERS",
        /// What could not be done.
        Dead = "DEAD",
        /// Who did what.
        Audit = "AUDIT",
        /// Answers of models, for while none can be reached.
        Answers = "ANSWERS",
    }
);

/// Commands of one verb that wait for one run at most; further ones are refused.
pub const MAX_COMMANDS: i64 = 256;

/// Every stream.
pub const ALL: &[Stream] = Stream::ALL;

/// What an installation decides about its streams.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sizing {
    /// Copies of each stream: 1 or 3.
    pub replicas: usize,
    /// Most bytes that each stream keeps; `None` for as many as the server has room for.
    pub max_bytes: Option<i64>,
    /// Largest message in bytes.
    pub max_message_bytes: i32,
    /// Most consumers of one stream.
    pub max_consumers: i32,
    /// Most bytes of answers that are kept; the oldest go first.
    pub answers_bytes: i64,
    /// How long an answer is kept.
    pub answers_age: Duration,
    /// How many streams the logs of runs are spread over.
    pub run_shards: Shards,
}

impl Default for Sizing {
    fn default() -> Self {
        Self {
            replicas: 1,
            max_bytes: None,
            max_message_bytes: 1 << 20,
            max_consumers: 1000,
            answers_bytes: 32 << 20,
            answers_age: Duration::from_secs(86_400),
            run_shards: Shards::ONE,
        }
    }
}

/// Every stream as JetStream is asked for it.
#[must_use]
pub fn all(sizing: &Sizing) -> Vec<Config> {
    let runs = Stream::Runs.config(sizing);
    let shards = sizing.run_shards.all().map(|(name, subjects)| Config { name, subjects, ..runs.clone() });
    let others = ALL.iter().filter(|stream| **stream != Stream::Runs);
    shards.chain(others.map(|stream| stream.config(sizing))).collect()
}

impl Stream {
    /// The patterns of the subjects that the stream keeps. No two streams overlap.
    #[must_use]
    pub const fn subjects(self) -> &'static [&'static str] {
        match self {
            Self::Runs => &["sba.*.run.*.*.*"],
            Self::Snap => &["sba.*.snap.*.*"],
            Self::Cmds => &["sba.*.cmd.*.*.*", "sba.*.surplus.cmd.*.*.*"],
            Self::Jobs => &["sba.*.job.*.*.*", "sba.*.surplus.job.*.*.*"],
            Self::Jobx => &["sba.*.jobx.*.*"],
            Self::Timers => &["sba.*.timer.*.*.*", "sba.*.fired.*.*.*", "sba.*.schedule.*.*", "sba.*.due.*.*"],
            Self::Dead => &["sba.*.dead.>"],
            Self::Audit => &["sba.*.audit.*"],
            Self::Answers => &["sba.*.answer.*"],
        }
    }

    /// The stream as JetStream is asked for it; of `RUNS`, the one that keeps the logs of all runs.
    #[must_use]
    pub fn config(self, sizing: &Sizing) -> Config {
        let common = Config {
            name: self.as_str().to_owned(),
            subjects: self.subjects().iter().map(|&subject| subject.to_owned()).collect(),
            storage: StorageType::File,
            num_replicas: sizing.replicas,
            max_bytes: sizing.max_bytes.unwrap_or(-1),
            max_message_size: sizing.max_message_bytes,
            max_consumers: sizing.max_consumers,
            // No message of these streams carries a Nats-Msg-Id: appends are fenced, jobs are unique by
            // subject, and commands are settled by `decide`. So nothing is remembered for long.
            duplicate_window: Duration::from_millis(100),
            // A full stream refuses, so that whoever wrote knows; it never drops what was stored.
            discard: DiscardPolicy::New,
            allow_direct: true,
            ..Config::default()
        };
        let queue = Config { retention: RetentionPolicy::WorkQueue, allow_direct: false, ..common.clone() };
        match self {
            Self::Runs => Config { republish: Some(live()), ..common },
            Self::Snap => Config { max_messages_per_subject: 1, discard: DiscardPolicy::Old, ..common },
            // A run that takes no commands keeps its own share of the queue full, and nobody else's.
            Self::Cmds => Config { max_messages_per_subject: MAX_COMMANDS, discard_new_per_subject: true, ..queue },
            // A job that is published again while it waits is refused: it is the same job.
            Self::Jobs | Self::Jobx => Config { max_messages_per_subject: 1, discard_new_per_subject: true, ..queue },
            // Schedules and `discard: new` exclude each other (server error 10052). A timer that fires again says all that
            // the one before said, so the latest is enough, and what nobody takes any more takes no room.
            Self::Timers => Config {
                allow_message_schedules: true,
                allow_message_ttl: true,
                max_messages_per_subject: 1,
                discard: DiscardPolicy::Old,
                ..common
            },
            // What is gone costs an answer in an outage, and nothing else.
            Self::Answers => Config {
                max_messages_per_subject: 1,
                max_bytes: sizing.answers_bytes,
                max_age: sizing.answers_age,
                discard: DiscardPolicy::Old,
                ..common
            },
            Self::Dead | Self::Audit => common,
        }
    }
}

/// What is stored in RUNS is said again on the live subjects, in the order of storage.
fn live() -> Republish {
    Republish {
        source: "sba.*.run.*.*.*".to_owned(),
        destination: "live.{{wildcard(1)}}.{{wildcard(3)}}.{{wildcard(4)}}".to_owned(),
        headers_only: false,
    }
}
