//! CBOR, as it travels: strict about what follows a message and about how large one may be.

use bytes::Bytes;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{envelope::VERSION, id::InvalidId};

/// Deepest nesting that is read. JSON from a model or a tool is the deepest there is.
const MAX_DEPTH: usize = 128;

/// Why a message could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum CodecError {
    /// The value cannot be said in CBOR.
    #[error("cannot encode: {0}")]
    Encode(#[source] ciborium::ser::Error<std::io::Error>),
    /// The bytes are not CBOR of the expected shape, or nest too deeply.
    #[error("cannot decode: {0}")]
    Decode(#[source] ciborium::de::Error<std::io::Error>),
    /// A message is followed by bytes that do not belong to it.
    #[error("{0} bytes follow the message")]
    Trailing(usize),
    /// A type of message that this version does not know.
    #[error("unknown message type {0:?}")]
    UnknownType(String),
    /// A version of the wire that this version does not know.
    #[error("unknown wire version {0}")]
    UnknownVersion(u16),
    /// Something that no version says: a message without its headers, or on a subject that is none.
    #[error("malformed: {0}")]
    Malformed(String),
}

impl From<InvalidId> for CodecError {
    /// A subject with a word that a newer version may know comes from the future; any other is malformed.
    fn from(error: InvalidId) -> Self {
        if error.is_unknown_word() { Self::UnknownType(error.text) } else { Self::Malformed(error.to_string()) }
    }
}

/// A message whose `body` names what it is, beside a version `v`.
pub trait Versioned: DeserializeOwned {
    /// The version that it says.
    fn v(&self) -> u16;

    /// Whether this version knows what is named, e.g. `start` or `tool`.
    fn knows(tag: &str) -> bool;
}

/// What every version says first.
#[derive(Deserialize)]
struct Version {
    v: u16,
}

/// What names a body.
#[derive(Deserialize)]
struct Tagged {
    body: Tag,
}

#[derive(Deserialize)]
struct Tag {
    #[serde(rename = "kind", alias = "verb")]
    name: String,
}

impl CodecError {
    /// Whether a newer version of SBA could read the message: it is then left for one, never dead-lettered.
    #[must_use]
    pub fn is_from_the_future(&self) -> bool {
        matches!(self, Self::UnknownType(_) | Self::UnknownVersion(_))
    }
}

/// Writes a message.
///
/// # Errors
/// [`CodecError::Encode`] when the value has no CBOR form.
pub fn encode<T: Serialize>(value: &T) -> Result<Bytes, CodecError> {
    let mut buffer = Vec::with_capacity(256);
    ciborium::into_writer(value, &mut buffer).map_err(CodecError::Encode)?;
    Ok(buffer.into())
}

/// Reads a message that fills `bytes` exactly.
///
/// # Errors
/// [`CodecError::Decode`] for other bytes, [`CodecError::Trailing`] when something follows.
pub fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, CodecError> {
    let mut rest = bytes;
    let value = ciborium::de::from_reader_with_recursion_limit(&mut rest, MAX_DEPTH).map_err(CodecError::Decode)?;
    if rest.is_empty() { Ok(value) } else { Err(CodecError::Trailing(rest.len())) }
}

/// Reads a message that says its version and what it is: what a newer version wrote is told from what is broken.
///
/// Whoever gets an error that [is from the future](CodecError::is_from_the_future) leaves the message to a newer
/// process, however long that takes.
///
/// # Errors
/// [`CodecError::UnknownVersion`] and [`CodecError::UnknownType`] for what a newer version wrote,
/// [`CodecError::Malformed`] for a version that never was, and those of [`decode`].
pub fn versioned<T: Versioned>(bytes: &[u8]) -> Result<T, CodecError> {
    let broken = match decode::<T>(bytes) {
        Ok(message) => return told(message.v()).map(|()| message),
        Err(broken) => broken,
    };
    // Only what cannot be read is looked at twice.
    if let Ok(Version { v }) = decode(bytes) {
        told(v)?;
    }
    match decode(bytes) {
        Ok(Tagged { body: Tag { name } }) if !T::knows(&name) => Err(CodecError::UnknownType(name)),
        _ => Err(broken),
    }
}

fn told(v: u16) -> Result<(), CodecError> {
    match v {
        VERSION => Ok(()),
        v if v > VERSION => Err(CodecError::UnknownVersion(v)),
        v => Err(CodecError::Malformed(format!("there never was a wire version {v}"))),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn what_follows_a_message_is_refused() {
        let mut bytes = encode(&"text").unwrap().to_vec();
        bytes.push(0);
        assert!(matches!(decode::<String>(&bytes), Err(CodecError::Trailing(1))));
    }

    /// A message of another version, as far as a reader can count on it.
    fn forged(v: u16, body: &serde_json::Value) -> Bytes {
        encode(&serde_json::json!({"v": v, "id": "0", "body": body})).unwrap()
    }

    #[test]
    fn the_future_is_told_from_what_is_broken() {
        use crate::{command::Command, job::Job};
        let command = |v, body| versioned::<Command>(&forged(v, &body)).unwrap_err();
        let job = |v, body| versioned::<Job>(&forged(v, &body)).unwrap_err();
        let known = serde_json::json!({"verb": "pause"});
        let newer = [
            command(VERSION + 1, known.clone()),
            command(VERSION + 1, serde_json::json!("another shape")),
            command(VERSION, serde_json::json!({"verb": "fork", "body": 7})),
            job(VERSION, serde_json::json!({"kind": "sweep"})),
        ];
        assert!(newer.iter().all(CodecError::is_from_the_future), "{newer:?}");
        let broken = [
            command(0, known.clone()),
            command(VERSION, known),
            command(VERSION, serde_json::json!("another shape")),
            job(VERSION, serde_json::json!({"kind": "tool"})),
            versioned::<Job>(b"").unwrap_err(),
        ];
        assert!(!broken.iter().any(CodecError::is_from_the_future), "{broken:?}");
    }

    #[test]
    fn a_readable_message_of_a_newer_version_is_not_read() {
        use crate::command::{Command, CommandBody};
        let id = crate::id::CommandId::from_uuid(uuid::Uuid::nil());
        let command = |v| encode(&Command { v, id, ts: 0, body: CommandBody::Pause }).unwrap();
        assert!(versioned::<Command>(&command(VERSION)).is_ok());
        assert!(matches!(versioned::<Command>(&command(VERSION + 1)), Err(CodecError::UnknownVersion(_))));
    }

    #[test]
    fn a_subject_with_a_new_word_is_from_the_future() {
        let told = |text: &str| CodecError::from(text.parse::<crate::subject::Subject>().unwrap_err());
        let tenant = format!("A{}", "B".repeat(55));
        let run = "00000000-0000-0000-0000-000000000000";
        let p = crate::id::RunId::from_uuid(uuid::Uuid::nil()).partition();
        assert!(told(&format!("sba.{tenant}.cmd.{p}.{run}.fork")).is_from_the_future());
        assert!(told(&format!("sba.{tenant}.job.{p}.sweep.{run}")).is_from_the_future());
        assert!(!told(&format!("sba.{tenant}.cmd.{p}.{run}.for k")).is_from_the_future());
        assert!(!told(&format!("sba.{tenant}.cmd.{p}.run.start")).is_from_the_future());
    }

    #[test]
    fn deep_nesting_is_refused_without_a_crash() {
        let bytes = vec![0x81; 1_000_000]; // an array in an array in an array …
        assert!(matches!(decode::<serde_json::Value>(&bytes), Err(CodecError::Decode(_))));
    }
}
