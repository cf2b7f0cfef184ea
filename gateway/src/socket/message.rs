//! What clients say.

use sba_subjects::id::RunId;
use serde::Deserialize;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::{end::End, shows::Priority};
use crate::{
    api::idempotency::is_key,
    auth::Operation,
    error::{ApiError, Code},
    extract::fields,
    stream::From,
};

/// A client's message, with the name under which it is answered.
#[derive(Debug)]
pub(super) struct Said {
    pub(super) id: String,
    /// What is asked, or what is wrong with it.
    pub(super) ask: Result<Ask, ApiError>,
}

/// What a client asks.
#[derive(Debug)]
pub(super) enum Ask {
    Auth(Auth),
    Subscribe(Subscribe),
    Unsubscribe(RunId),
    Command(Option<Uuid>, Command),
    Ping,
}

/// Who speaks, or goes on speaking.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Auth {
    pub(super) token: String,
    #[serde(default, alias = "sessionToken")]
    pub(super) session_token: Option<String>,
}

/// A run that is to be shown.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Subscribe {
    pub(super) run: Uuid,
    #[serde(default)]
    pub(super) after: u64,
    #[serde(default)]
    pub(super) from: From,
    #[serde(default)]
    pub(super) priority: Priority,
}

/// What a run is told.
#[derive(Debug)]
pub(super) enum Command {
    Input { ask_id: Option<Uuid>, input: Value },
    Cancel { reason: Option<String> },
    Pause,
    Resume,
}

impl Command {
    /// The operation of REST that does the same.
    pub(super) const fn operation(&self) -> Operation {
        match self {
            Self::Input { .. } => Operation::ContinueRun,
            Self::Cancel { .. } => Operation::CancelRun,
            Self::Pause => Operation::PauseRun,
            Self::Resume => Operation::ResumeRun,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Unsubscribe {
    run: Uuid,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    #[serde(default)]
    run: Option<Uuid>,
    #[serde(default, alias = "askId")]
    ask_id: Option<Uuid>,
    input: Value,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Cancel {
    #[serde(default)]
    run: Option<Uuid>,
    #[serde(default)]
    reason: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Hold {
    #[serde(default)]
    run: Option<Uuid>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Ping {}

impl Said {
    /// A message that was read: a map with an `id` and a `type`.
    ///
    /// # Errors
    /// [`End::Malformed`]: what has no `id` cannot even be refused.
    pub(super) fn of(message: Value) -> Result<Self, End> {
        let Value::Object(mut map) = message else { return Err(End::Malformed) };
        let (id, kind) = (map.remove("id"), map.remove("type"));
        let (Some(Value::String(id)), Some(Value::String(kind))) = (id, kind) else { return Err(End::Malformed) };
        if !is_key(&id) {
            return Err(End::Malformed);
        }
        // Messages of other versions are not read as those of this one.
        let ask = match map.remove("v") {
            None => Ask::of(&kind, map),
            Some(v) if v == 1 => Ask::of(&kind, map),
            Some(_) => Err(ApiError::invalid_field("v", "only version 1 is spoken")),
        };
        Ok(Self { id, ask })
    }
}

impl Ask {
    fn of(kind: &str, map: Map<String, Value>) -> Result<Self, ApiError> {
        let map = Value::Object(map);
        match kind {
            "auth" => fields(map).map(Self::Auth),
            "subscribe" => fields(map).map(Self::Subscribe),
            "unsubscribe" => fields(map).map(|Unsubscribe { run }| Self::Unsubscribe(RunId::from_uuid(run))),
            "input" => {
                fields(map).map(|Input { run, ask_id, input }| Self::Command(run, Command::Input { ask_id, input }))
            }
            "cancel" => fields(map).map(|Cancel { run, reason }| Self::Command(run, Command::Cancel { reason })),
            "pause" => fields(map).map(|Hold { run }| Self::Command(run, Command::Pause)),
            "resume" => fields(map).map(|Hold { run }| Self::Command(run, Command::Resume)),
            "ping" => fields(map).map(|Ping {}| Self::Ping),
            other => {
                let shown: String = other.chars().take(40).collect();
                Err(ApiError::new(Code::InvalidRequest, format!("there is no message of the type {shown:?}")))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use serde_json::json;

    use super::*;

    #[test]
    fn what_cannot_be_answered_ends_the_conversation() {
        let long = "x".repeat(256);
        for bad in [
            json!(null),
            json!([]),
            json!("ping"),
            json!({}),
            json!({"type": "ping"}),
            json!({"id": "1"}),
            json!({"id": 1, "type": "ping"}),
            json!({"id": "", "type": "ping"}),
            json!({"id": "\n", "type": "ping"}),
            json!({"id": "ä", "type": "ping"}),
            json!({"id": long, "type": "ping"}),
            json!({"id": "1", "type": 2}),
        ] {
            assert_eq!(Said::of(bad.clone()).err(), Some(End::Malformed), "{bad}");
        }
    }

    #[test]
    fn what_is_asked_wrongly_is_refused_under_its_id() {
        let refused = |message: Value| Said::of(message).unwrap().ask.unwrap_err().code();
        assert_eq!(refused(json!({"id": "1", "type": "dance"})), Code::InvalidRequest);
        for bad in [
            json!({"id": "1", "type": "ping", "run": "x"}),
            json!({"id": "1", "type": "ping", "v": 2}),
            json!({"id": "1", "type": "subscribe"}),
            json!({"id": "1", "type": "subscribe", "run": "x"}),
            json!({"id": "1", "type": "subscribe", "run": Uuid::nil(), "after": -1}),
            json!({"id": "1", "type": "subscribe", "run": Uuid::nil(), "priority": "urgent"}),
            json!({"id": "1", "type": "input"}),
            json!({"id": "1", "type": "cancel", "reason": 7}),
            json!({"id": "1", "type": "auth", "token": null}),
        ] {
            assert_eq!(refused(bad.clone()), Code::ValidationFailed, "{bad}");
        }
    }
}
