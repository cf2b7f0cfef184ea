//! An event as viewers get it: encoded once, shared by all.

use axum::extract::ws::Utf8Bytes;
use ciborium::Value;
use sba_service::log::{ReadError, Stored};
use sba_subjects::{
    envelope::{Envelope, RawEnvelope},
    record,
};

/// One event, as JSON.
#[derive(Debug, Clone)]
pub(crate) struct Frame {
    /// Its position in the run's log, from 1.
    pub(crate) seq: u64,
    /// Where its record stands in the stream: from there the log is read on.
    pub(crate) stream_sequence: u64,
    /// Whether nothing follows.
    pub(crate) last: bool,
    /// The envelope.
    pub(crate) text: Utf8Bytes,
}

impl Frame {
    /// The frames of a record, one per event.
    ///
    /// # Errors
    /// [`ReadError::Unreadable`] when the body is not what its headers say.
    pub(crate) fn of(stored: &Stored) -> Result<Vec<Self>, ReadError> {
        let unreadable = |source| ReadError::Unreadable { stream_sequence: stored.stream_sequence, source };
        let envelopes = record::read(&stored.body).map_err(unreadable)?;
        let dense = envelopes.iter().zip(stored.head.seq..).all(|(envelope, seq)| envelope.seq == seq);
        if !dense || envelopes.len() as u64 != stored.head.count {
            let problem = format!("a record of {} events from seq {}", stored.head.count, stored.head.seq);
            return Err(unreadable(sba_subjects::codec::CodecError::Malformed(problem)));
        }
        Ok(envelopes.into_iter().map(|envelope| Self::from_envelope(envelope, stored.stream_sequence)).collect())
    }

    /// The frame of an event that no record holds yet.
    ///
    /// # Errors
    /// [`ReadError::Unreadable`] when the event has no CBOR form.
    pub(crate) fn promised(event: &Envelope) -> Result<Self, ReadError> {
        let raw = event.close().map_err(|source| ReadError::Unreadable { stream_sequence: 0, source })?;
        Ok(Self::from_envelope(raw, 0))
    }

    fn from_envelope(mut envelope: RawEnvelope, stream_sequence: u64) -> Self {
        let json = serde_json::to_string(&envelope).or_else(|_| {
            // CBOR can say what JSON cannot (keys that are no text). The viewer still gets the event's place.
            envelope.payload = Value::Null;
            serde_json::to_string(&envelope)
        });
        Self {
            seq: envelope.seq,
            stream_sequence,
            last: envelope.r#type == DONE,
            text: json.unwrap_or_default().into(),
        }
    }
}

/// The type of the event that ends a run; see [`sba_subjects::event::Event::Done`].
const DONE: &str = "done";

#[cfg(test)]
mod tests;
