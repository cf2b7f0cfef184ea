//! The three ways in which messages travel over a WebSocket: the same maps with the same names.

use bytes::Bytes;
use serde::{Deserialize as _, Serialize};
use serde_json::Value;
use tokio_tungstenite::tungstenite::Message;

/// Deepest nesting of a client's message; JSON has the same bound of its own.
const MAX_DEPTH: usize = 128;

/// How messages are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Codec {
    /// JSON in text messages.
    Json,
    /// MessagePack in binary messages, maps by name.
    MessagePack,
    /// CBOR in binary messages.
    Cbor,
}

/// A message cannot be said in a codec: a key that is no text, in JSON.
#[derive(Debug, thiserror::Error)]
#[error("a message cannot be written: {0}")]
pub(crate) struct Unsayable(String);

/// Bytes that are no message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unreadable {
    /// A text message where binary ones are spoken, or the reverse.
    #[error("a message of the other kind than the subprotocol's")]
    WrongKind,
    /// Bytes that are not of this form, nest too deeply, or are followed by others.
    #[error("a message that cannot be read")]
    Malformed,
}

impl Codec {
    /// Every codec, in the order in which they came.
    pub(crate) const ALL: [Self; 3] = [Self::Json, Self::MessagePack, Self::Cbor];

    /// The WebSocket subprotocol.
    pub(crate) const fn protocol(self) -> &'static str {
        match self {
            Self::Json => "sba.v1.json",
            Self::MessagePack => "sba.v1.msgpack",
            Self::Cbor => "sba.v1.cbor",
        }
    }

    /// Writes a message.
    ///
    /// # Errors
    /// [`Unsayable`].
    pub(crate) fn write(self, message: &impl Serialize) -> Result<Message, Unsayable> {
        let unsayable = |error: &dyn std::fmt::Display| Unsayable(error.to_string());
        match self {
            Self::Json => {
                let text = serde_json::to_string(message).map_err(|error| unsayable(&error))?;
                Ok(Message::Text(text.into()))
            }
            Self::MessagePack => {
                let bytes = rmp_serde::to_vec_named(message).map_err(|error| unsayable(&error))?;
                Ok(Message::Binary(bytes.into()))
            }
            Self::Cbor => {
                let mut bytes = Vec::new();
                ciborium::into_writer(message, &mut bytes).map_err(|error| unsayable(&error))?;
                Ok(Message::Binary(bytes.into()))
            }
        }
    }

    /// Reads a text or binary message of a client.
    ///
    /// # Errors
    /// [`Unreadable`].
    pub(crate) fn read(self, message: &Message) -> Result<Value, Unreadable> {
        match (self, message) {
            (Self::Json, Message::Text(text)) => serde_json::from_str(text).map_err(|_| Unreadable::Malformed),
            (Self::MessagePack, Message::Binary(bytes)) => message_pack(bytes),
            (Self::Cbor, Message::Binary(bytes)) => cbor(bytes),
            _ => Err(Unreadable::WrongKind),
        }
    }
}

fn message_pack(bytes: &Bytes) -> Result<Value, Unreadable> {
    let mut rest = bytes.as_ref();
    let mut reader = rmp_serde::Deserializer::new(&mut rest);
    reader.set_max_depth(MAX_DEPTH);
    let value = Value::deserialize(&mut reader).map_err(|_| Unreadable::Malformed)?;
    if rest.is_empty() { Ok(value) } else { Err(Unreadable::Malformed) }
}

fn cbor(bytes: &Bytes) -> Result<Value, Unreadable> {
    let mut rest = bytes.as_ref();
    let read = ciborium::de::from_reader_with_recursion_limit(&mut rest, MAX_DEPTH);
    let value = read.map_err(|_| Unreadable::Malformed)?;
    if rest.is_empty() { Ok(value) } else { Err(Unreadable::Malformed) }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use serde_json::json;

    use super::*;

    fn raw(message: Message) -> Vec<u8> {
        message.into_data().to_vec()
    }

    fn as_sent(codec: Codec, bytes: Vec<u8>) -> Option<Message> {
        match codec {
            Codec::Json => Some(Message::Text(String::from_utf8(bytes).ok()?.into())),
            _ => Some(Message::Binary(bytes.into())),
        }
    }

    #[test]
    fn what_is_written_is_read_again_and_nothing_may_follow_it() {
        let said = json!({"id": "1", "type": "input", "input": {"a": [1, -2, 0.5, null, true, "ä"]}});
        for codec in Codec::ALL {
            let message = codec.write(&said).unwrap();
            assert_eq!(codec.read(&message).unwrap(), said, "{codec:?}");
            let mut longer = raw(message);
            longer.push(b'1');
            assert_eq!(codec.read(&as_sent(codec, longer).unwrap()), Err(Unreadable::Malformed), "{codec:?}");
        }
    }

    #[test]
    fn text_is_no_binary_message_and_the_reverse() {
        let said = json!({});
        for (codec, other) in
            [(Codec::Json, Codec::Cbor), (Codec::Cbor, Codec::Json), (Codec::MessagePack, Codec::Json)]
        {
            assert_eq!(codec.read(&other.write(&said).unwrap()), Err(Unreadable::WrongKind));
        }
    }

    #[test]
    fn deep_nesting_and_false_lengths_are_refused_without_harm() {
        let deep = [(Codec::Json, b'['), (Codec::MessagePack, 0x91), (Codec::Cbor, 0x81)];
        for (codec, open) in deep {
            let message = as_sent(codec, vec![open; 60_000]).unwrap();
            assert_eq!(codec.read(&message), Err(Unreadable::Malformed), "{codec:?}");
        }
        // Arrays, maps, text and bytes of four thousand million entries, of which none comes.
        for first in [0xdd, 0xdf, 0xdb, 0xc6] {
            let message = as_sent(Codec::MessagePack, vec![first, 0xff, 0xff, 0xff, 0xff]).unwrap();
            assert_eq!(Codec::MessagePack.read(&message), Err(Unreadable::Malformed));
        }
        for first in [0x9b, 0xbb, 0x7b, 0x5b] {
            let message = as_sent(Codec::Cbor, [&[first][..], &[0xff; 8]].concat()).unwrap();
            assert_eq!(Codec::Cbor.read(&message), Err(Unreadable::Malformed));
        }
    }

    /// A reader that meets anything at all must not panic: every message, cut anywhere, and with any one byte changed.
    #[test]
    fn garbage_is_refused_without_a_panic() {
        let said =
            json!({"id": "1", "type": "input", "run": "0192", "input": {"a": [1, 2.5, null, true, "ä"], "b": -70_000}});
        for codec in Codec::ALL {
            let whole = raw(codec.write(&said).unwrap());
            for at in 0..whole.len() {
                let cut = as_sent(codec, whole[..at].to_vec());
                assert!(cut.is_none_or(|message| codec.read(&message).is_err()), "{codec:?} cut at {at}");
                for byte in 0..=255 {
                    let mut changed = whole.clone();
                    changed[at] = byte;
                    if let Some(message) = as_sent(codec, changed) {
                        let _ = codec.read(&message);
                    }
                }
            }
        }
    }
}
