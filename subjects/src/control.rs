//! What one process says to another on `ctl.<instance>`: requests with an answer, never stored.

use serde::{Deserialize, Serialize};

use crate::{
    command::Command,
    id::{CallId, RunId, TenantKey},
};

/// A request to one process.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Control {
    /// A command for a run that the receiver owns.
    Deliver {
        /// Whose run.
        tenant: TenantKey,
        /// The run.
        run: RunId,
        /// The command.
        command: Box<Command>,
    },
    /// Stop a tool call.
    StopCall {
        /// The call.
        call: CallId,
    },
}

/// The answer to a [`Control`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ControlReply {
    /// What was asked is stored, or was settled before: the sender may ack the message it came from.
    Settled,
    /// The receiver does not own the run, or does not know the call.
    NotMine,
    /// The receiver could not settle it now: the sender gives the message back.
    Later,
}
