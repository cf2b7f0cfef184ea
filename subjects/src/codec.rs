//! CBOR, as it travels: strict about what follows a message and about how large one may be.

use bytes::Bytes;
use serde::{Serialize, de::DeserializeOwned};

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

    #[test]
    fn deep_nesting_is_refused_without_a_crash() {
        let bytes = vec![0x81; 1_000_000]; // an array in an array in an array …
        assert!(matches!(decode::<serde_json::Value>(&bytes), Err(CodecError::Decode(_))));
    }
}
