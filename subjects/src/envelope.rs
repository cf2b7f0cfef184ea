//! The envelope around each event of a run's log.

pub(crate) mod in_order;

use ciborium::Value;
use serde::{Deserialize, Serialize};

use crate::{
    codec::CodecError,
    event::Event,
    id::{CommandId, RunId},
};

/// The version of the envelope and of the payloads in it.
pub const VERSION: u16 = 1;

/// What stands around a payload, with the payload as `P`.
///
/// Readers that only pass events on use [`RawEnvelope`]; readers that act on them, [`Envelope`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Enveloped<P> {
    /// Version of the wire.
    pub v: u16,
    /// What happened: one of [`Event::KINDS`], or one that a newer version added.
    pub r#type: String,
    /// The run it happened to.
    pub run: RunId,
    /// The step it happened in, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<u32>,
    /// The attempt that said it; 0 before the first.
    pub attempt: u32,
    /// Position in the run's log, from 1, without gaps.
    pub seq: u64,
    /// When it was said, in milliseconds since 1970 (UTC).
    pub ts: u64,
    /// The command that caused it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<CommandId>,
    /// Reserved: the key that the payload is encrypted with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_id: Option<String>,
    /// What is said.
    pub payload: P,
}

/// An envelope whose payload was not looked at.
pub type RawEnvelope = Enveloped<Value>;

/// An envelope with an event that this version knows.
pub type Envelope = Enveloped<Event>;

impl RawEnvelope {
    /// Reads the payload as the event that `type` names.
    ///
    /// # Errors
    /// [`CodecError::UnknownVersion`] and [`CodecError::UnknownType`] for what a newer version wrote,
    /// [`CodecError::Decode`] for a payload that does not have the shape of its type.
    pub fn open(self) -> Result<Envelope, CodecError> {
        if self.v != VERSION {
            return Err(CodecError::UnknownVersion(self.v));
        }
        if !Event::KINDS.contains(&self.r#type.as_str()) {
            return Err(CodecError::UnknownType(self.r#type));
        }
        let tagged = Value::Map(vec![
            (Value::from("type"), Value::from(self.r#type.as_str())),
            (Value::from("payload"), self.payload),
        ]);
        let event = tagged.deserialized().map_err(|error| {
            CodecError::Decode(ciborium::de::Error::Semantic(None, format!("{}: {error}", self.r#type)))
        })?;
        Ok(Enveloped {
            v: self.v,
            r#type: self.r#type,
            run: self.run,
            step: self.step,
            attempt: self.attempt,
            seq: self.seq,
            ts: self.ts,
            cause: self.cause,
            key_id: self.key_id,
            payload: event,
        })
    }
}

impl Envelope {
    /// The envelope as it travels, its payload without the type around it.
    ///
    /// # Errors
    /// [`CodecError::Encode`] when the payload has no CBOR form.
    pub fn close(&self) -> Result<RawEnvelope, CodecError> {
        let tagged = Value::serialized(&self.payload)
            .map_err(|error| CodecError::Encode(ciborium::ser::Error::Value(error.to_string())))?;
        Ok(Enveloped {
            v: self.v,
            r#type: self.r#type.clone(),
            run: self.run,
            step: self.step,
            attempt: self.attempt,
            seq: self.seq,
            ts: self.ts,
            cause: self.cause,
            key_id: self.key_id.clone(),
            payload: content(tagged),
        })
    }
}

/// The content of an adjacently tagged value.
fn content(tagged: Value) -> Value {
    let Value::Map(entries) = tagged else {
        return Value::Null;
    };
    entries
        .into_iter()
        .find_map(|(key, value)| (key.as_text() == Some("payload")).then_some(value))
        .unwrap_or(Value::Null)
}
