//! Envelopes written and read in one pass, their payloads included.
//!
//! The type stands before the payload, as SBA writes it, so that the payload is read as what it is. This is the way of
//! nearly every envelope; what cannot be read so (fields in another order, a type or version that a newer version added)
//! is read field by field, which takes longer and says what is wrong.

use std::fmt;

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{Error, IgnoredAny, MapAccess, Visitor},
};

use super::{Envelope, Enveloped, VERSION};
use crate::event::Event;

/// A payload without the type around it.
#[derive(Debug)]
pub(crate) struct Content<'a>(&'a Event);

/// An envelope that was read in one pass.
#[derive(Debug)]
pub(crate) struct InOrder(pub(crate) Envelope);

impl Envelope {
    /// The envelope as it travels.
    pub(crate) fn outgoing(&self) -> Enveloped<Content<'_>> {
        Enveloped {
            v: self.v,
            r#type: self.r#type.clone(),
            run: self.run,
            step: self.step,
            attempt: self.attempt,
            seq: self.seq,
            ts: self.ts,
            cause: self.cause,
            key_id: self.key_id.clone(),
            payload: Content(&self.payload),
        }
    }
}

/// Writes and reads the content of each variant by the name that the envelope gives it.
macro_rules! contents {
    ($($name:literal => $variant:ident,)*) => {
        impl Serialize for Content<'_> {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                match self.0 {
                    $(Event::$variant(content) => content.serialize(serializer),)*
                }
            }
        }

        fn payload<'de, A: MapAccess<'de>>(name: &str, map: &mut A) -> Result<Event, A::Error> {
            match name {
                $($name => map.next_value().map(Event::$variant),)*
                _ => Err(A::Error::custom("a type that this version does not know")),
            }
        }
    };
}

contents! {
    "created" => Created,
    "attempt" => Attempt,
    "status" => Status,
    "step_started" => StepStarted,
    "token" => Token,
    "tool_request" => ToolRequest,
    "tool_result" => ToolResult,
    "input_request" => InputRequest,
    "input_result" => InputResult,
    "step_finished" => StepFinished,
    "artifact" => Artifact,
    "error" => Error,
    "refused" => Refused,
    "stalled" => Stalled,
    "done" => Done,
}

impl<'de> Deserialize<'de> for InOrder {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Fields).map(Self)
    }
}

/// The names of an envelope's fields.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Name {
    V,
    Type,
    Run,
    Step,
    Attempt,
    Seq,
    Ts,
    Cause,
    KeyId,
    Payload,
    #[serde(other)]
    Newer,
}

struct Fields;

impl<'de> Visitor<'de> for Fields {
    type Value = Envelope;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an envelope")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Envelope, A::Error> {
        let (mut v, mut kind, mut run, mut attempt, mut seq, mut ts) = (None, None::<String>, None, None, None, None);
        let (mut step, mut cause, mut key_id, mut event) = (None, None, None, None);
        let missing = || A::Error::custom("a field is missing");
        while let Some(name) = map.next_key()? {
            match name {
                Name::V => v = Some(map.next_value()?),
                Name::Type => kind = Some(map.next_value()?),
                Name::Run => run = Some(map.next_value()?),
                Name::Step => step = map.next_value()?,
                Name::Attempt => attempt = Some(map.next_value()?),
                Name::Seq => seq = Some(map.next_value()?),
                Name::Ts => ts = Some(map.next_value()?),
                Name::Cause => cause = map.next_value()?,
                Name::KeyId => key_id = map.next_value()?,
                Name::Payload if event.is_some() => return Err(A::Error::duplicate_field("payload")),
                // What another version calls by the same name may be another thing.
                Name::Payload if v == Some(VERSION) => {
                    event = Some(payload(kind.as_deref().ok_or_else(missing)?, &mut map)?);
                }
                Name::Payload => return Err(A::Error::custom("another version")),
                Name::Newer => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(Enveloped {
            v: v.ok_or_else(missing)?,
            r#type: kind.ok_or_else(missing)?,
            run: run.ok_or_else(missing)?,
            step,
            attempt: attempt.ok_or_else(missing)?,
            seq: seq.ok_or_else(missing)?,
            ts: ts.ok_or_else(missing)?,
            cause,
            key_id,
            payload: event.ok_or_else(missing)?,
        })
    }
}
