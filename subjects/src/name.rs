//! Words that may stand as one token of a subject.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::id::InvalidId;

/// Longest word allowed in a subject, in bytes.
pub const MAX_NAME: usize = 64;

macro_rules! closed_set {
    ($(#[$doc:meta])* $name:ident, $kind:literal { $($(#[$vdoc:meta])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum $name {
            $($(#[$vdoc])* #[serde(rename = $text)] $variant,)+
        }

        impl $name {
            /// Every member, in the order of declaration.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The word as it stands in a subject.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                match text {
                    $($text => Ok(Self::$variant),)+
                    _ => Err(InvalidId::unknown($kind, text)),
                }
            }
        }
    };
}
pub(crate) use closed_set;

closed_set!(
    /// The two subjects of a run's log.
    RunKind, "kind of run subject" {
        /// Lifecycle events.
        Event = "ev",
        /// Token frames.
        Token = "tok",
    }
);

closed_set!(
    /// What a command asks of a run.
    Verb, "command verb" {
        /// Begin the run.
        Start = "start",
        /// Answer what the run asked a person.
        Input = "input",
        /// End the run early.
        Cancel = "cancel",
        /// Hold the run.
        Pause = "pause",
        /// Let a held run go on.
        Resume = "resume",
        /// The result of a tool call.
        Result = "result",
        /// A timer of the run fired.
        Timer = "timer",
        /// The run shows no progress: look at it.
        Poke = "poke",
    }
);

closed_set!(
    /// What a tenant's client may tell a run that was started: the verbs that are a person's.
    Control, "command" {
        /// Answer what the run asks.
        Input = "input",
        /// End the run early.
        Cancel = "cancel",
        /// Hold the run.
        Pause = "pause",
        /// Let a held run go on.
        Resume = "resume",
    }
);

closed_set!(
    /// What is asked of a tenant's feed.
    FeedVerb, "feed verb" {
        /// Make it, or find it.
        Open = "open",
        /// Remove it.
        Close = "close",
    }
);

closed_set!(
    /// What whoever serves a tool asks.
    ServeVerb, "serving verb" {
        /// Say what the tool is.
        Register = "register",
        /// Be given a call.
        Next = "next",
        /// Say that the call is being worked on.
        Progress = "progress",
        /// Say what came of the call.
        Done = "done",
    }
);

closed_set!(
    /// What is asked of services to find them, of the verbs of the NATS services API.
    Discovery, "discovery verb" {
        /// Who is there.
        Ping = "PING",
        /// What they offer.
        Info = "INFO",
    }
);

closed_set!(
    /// The queues of SBA's own workers.
    Queue, "queue" {
        /// Renders artifacts.
        Render = "render",
        /// Indexes documents.
        Index = "index",
        /// Looks after runs without progress.
        AgentSupervisor = "agent-supervisor",
        /// Executes tool calls.
        ToolExec = "tool-exec",
    }
);

closed_set!(
    /// Where something that could not be done came from.
    Origin, "dead letter origin" {
        /// A command for a run.
        Command = "cmd",
        /// A job for SBA's own workers.
        Job = "job",
        /// A job for a tool that a customer serves.
        External = "jobx",
        /// A fired timer.
        Timer = "fired",
        /// A schedule whose moment had come.
        Schedule = "due",
    }
);

macro_rules! word {
    ($(#[$doc:meta])* $name:ident, $kind:literal) => {
        $(#[$doc])*
        ///
        /// One to 64 characters of `a-z`, `A-Z`, `0-9`, `_` and `-`.
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The word as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                let allowed = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
                if (1..=MAX_NAME).contains(&text.len()) && text.bytes().all(allowed) {
                    Ok(Self(text.to_owned()))
                } else {
                    Err(InvalidId::new($kind, text))
                }
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidId;

            fn try_from(text: String) -> Result<Self, InvalidId> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

word!(
    /// The name of a tool, as the model and the API call it.
    ToolName, "tool name"
);
word!(
    /// The name of a timer within its run.
    TimerName, "timer name"
);
word!(
    /// The name of a service, as the NATS services API has it.
    ServiceName, "service name"
);
word!(
    /// What an audit entry records, e.g. `tenant_created`.
    AuditAction, "audit action"
);
