//! What the reader has for the writer: answers, and what is to be shown.

use bytes::Bytes;
use sba_subjects::{envelope::VERSION, id::RunId};
use serde::Serialize;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::shows::Show;
use crate::error::ApiError;

/// One thing for the writer to do.
#[derive(Debug)]
pub(super) enum Word {
    /// The client is told something, before anything that follows from it.
    Answer(Value, Then),
    /// The client asked whether somebody is there, with these bytes.
    Pong(Bytes),
}

/// What follows an answer.
#[derive(Debug)]
pub(super) enum Then {
    /// Nothing.
    Nothing,
    /// The run is shown, in place of what was shown of it.
    Show(Box<Show>),
    /// The run is not shown any more.
    Leave(RunId),
    /// The client's token ends later, or earlier.
    Until(Instant, String),
}

impl Word {
    /// An answer, and nothing else.
    pub(super) const fn answer(answer: Value) -> Self {
        Self::Answer(answer, Then::Nothing)
    }
}

/// The client's message was done.
pub(super) fn ack(id: &str, payload: &impl Serialize) -> Value {
    json!({"v": VERSION, "type": "ack", "id": id, "payload": payload})
}

/// The client's message was not done.
pub(super) fn rejected(id: &str, error: &ApiError) -> Value {
    json!({"v": VERSION, "type": "rejected", "id": id, "payload": error.content()})
}

/// Nothing follows of a run.
pub(super) fn ended(run: RunId) -> Value {
    json!({"v": VERSION, "type": "ended", "run": run})
}

/// A run can no longer be shown, though it goes on.
pub(super) fn lost(run: RunId, error: &ApiError) -> Value {
    json!({"v": VERSION, "type": "lost", "run": run, "payload": error.content()})
}

/// The client's token ends soon.
pub(super) fn token_expiring(expires_at: &str) -> Value {
    json!({"v": VERSION, "type": "token_expiring", "payload": {"expires_at": expires_at}})
}
