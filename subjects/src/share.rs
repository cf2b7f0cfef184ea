//! Shares of queues: how much of one a tenant may fill before what else it asks for waits apart.
//!
//! A queue is read in the order in which it was filled. So that whoever asks for little never waits behind whoever asks
//! for much, a tenant has a share of it; what is beyond goes to the `surplus` of the queue, which has readers of its own.

use crate::{
    name::{Queue, Verb},
    stream::Stream,
    subject::Subject,
};

/// A queue of which each tenant has a share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SharedQueue {
    /// Runs to start: each stands there until the run ends or waits.
    Runs,
    /// Jobs for SBA's workers that tenants ask for.
    Jobs(Queue),
}

impl SharedQueue {
    /// The queue that a message of this subject stands in; `None` for what is never held back.
    #[must_use]
    pub const fn of(subject: &Subject) -> Option<Self> {
        match subject {
            Subject::Cmd { verb: Verb::Start, .. } => Some(Self::Runs),
            // What looks after stuck runs is SBA's own.
            Subject::Job { queue: Queue::AgentSupervisor, .. } => None,
            Subject::Job { queue, .. } => Some(Self::Jobs(*queue)),
            _ => None,
        }
    }

    /// The stream that keeps it.
    #[must_use]
    pub const fn stream(self) -> Stream {
        match self {
            Self::Runs => Stream::Cmds,
            Self::Jobs(_) => Stream::Jobs,
        }
    }

    /// Its name, for operators.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Runs => "runs",
            Self::Jobs(queue) => queue.as_str(),
        }
    }
}
