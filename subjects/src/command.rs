//! Commands for a run: the messages of the `CMDS` stream.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    codec::Versioned,
    envelope::{Envelope, VERSION},
    event::{Created, Event, ToolResult},
    id::{AskId, CommandId, RunId, UserId},
    name::{TimerName, Verb},
    run::Stall,
};

/// A command, whole: whoever handles it needs nothing but the run's log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Command {
    /// Version of the wire.
    pub v: u16,
    /// Its id; the events that it causes name it.
    pub id: CommandId,
    /// When it was given, in milliseconds since 1970 (UTC).
    pub ts: u64,
    /// What is asked.
    pub body: CommandBody,
}

impl Command {
    /// The first event of a run, as its `start` says it: the same from whoever stores it.
    #[must_use]
    pub fn first_event(&self, run: RunId, created: Created) -> Envelope {
        let payload = Event::Created(created);
        Envelope {
            v: VERSION,
            r#type: payload.kind().to_owned(),
            run,
            step: None,
            attempt: 0,
            seq: 1,
            ts: self.ts,
            cause: Some(self.id),
            key_id: None,
            payload,
        }
    }
}

impl Versioned for Command {
    fn v(&self) -> u16 {
        self.v
    }

    fn knows(tag: &str) -> bool {
        tag.parse::<Verb>().is_ok()
    }
}

/// What is asked of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "verb", content = "body", rename_all = "snake_case")]
pub enum CommandBody {
    /// Begin. Carries what `created` says, in case that event was never stored.
    Start(Created),
    /// Words of a person that the run asked for.
    Input {
        /// Who answers.
        user_id: UserId,
        /// What is answered; the oldest open question where none is named.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        ask_id: Option<AskId>,
        /// The answer.
        input: Value,
    },
    /// End early.
    Cancel {
        /// Why, for the log.
        reason: String,
    },
    /// Hold.
    Pause,
    /// Go on.
    Resume,
    /// A tool answered.
    Result(ToolResult),
    /// A timer fired.
    Timer {
        /// Which.
        name: TimerName,
    },
    /// Look at the run: it shows no progress.
    Poke {
        /// The last `seq` of the run that was looked at; nothing was lost where more was said since.
        seq: u64,
        /// What was found.
        reason: Stall,
    },
}

impl CommandBody {
    /// The verb that the command's subject carries.
    #[must_use]
    pub const fn verb(&self) -> Verb {
        match self {
            Self::Start(_) => Verb::Start,
            Self::Input { .. } => Verb::Input,
            Self::Cancel { .. } => Verb::Cancel,
            Self::Pause => Verb::Pause,
            Self::Resume => Verb::Resume,
            Self::Result(_) => Verb::Result,
            Self::Timer { .. } => Verb::Timer,
            Self::Poke { .. } => Verb::Poke,
        }
    }
}
