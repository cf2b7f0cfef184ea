//! An event as viewers get it: written once in each codec that somebody reads, shared by all.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use ciborium::Value;
use sba_service::log::{ReadError, Stored};
use sba_subjects::{
    codec::{self as wire, CodecError},
    envelope::{Envelope, Enveloped, RawEnvelope},
    record,
};
use serde::de::IgnoredAny;
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};

use super::codec::Codec;
use crate::wire::Packet;

/// One event, or another message about a run that takes its place.
#[derive(Debug, Clone)]
pub(crate) struct Frame {
    /// Its position in the run's log, from 1.
    pub(crate) seq: u64,
    /// Where its record stands in the stream: from there the log is read on.
    pub(crate) stream_sequence: u64,
    /// Whether nothing follows.
    pub(crate) last: bool,
    /// About what it takes in memory, in bytes, besides what it was written as.
    pub(crate) weight: usize,
    /// Which part of what was said together it is.
    part: usize,
    said: Arc<Said>,
}

/// What was said together, and what it was written as so far.
#[derive(Debug)]
struct Said {
    source: Source,
    written: [OnceLock<Result<Box<[Packet]>, Unwritable>>; Codec::ALL.len()],
}

/// What is written when somebody wants to read it.
#[derive(Debug)]
enum Source {
    /// A record as it stands in the log.
    Record(Bytes),
    /// A message that is in no log.
    Notice(serde_json::Value),
}

/// A frame has no form that a client could be sent: a fault of SBA, for it was read before.
#[derive(Debug, Clone, thiserror::Error)]
#[error("an event cannot be written: {0}")]
pub(crate) struct Unwritable(String);

impl Frame {
    /// The frames of a record, one per event.
    ///
    /// # Errors
    /// [`ReadError::Unreadable`] when the body is not what its headers say.
    pub(crate) fn of(stored: &Stored) -> Result<Vec<Self>, ReadError> {
        let unreadable = |source| ReadError::Unreadable { stream_sequence: stored.stream_sequence, source };
        // The payloads are looked at when somebody reads them.
        let envelopes: Vec<Enveloped<IgnoredAny>> = wire::decode(&stored.body).map_err(unreadable)?;
        let dense = envelopes.iter().zip(stored.head.seq..).all(|(envelope, seq)| envelope.seq == seq);
        if !dense || envelopes.len() as u64 != stored.head.count {
            let problem = format!("a record of {} events from seq {}", stored.head.count, stored.head.seq);
            return Err(unreadable(CodecError::Malformed(problem)));
        }
        // A copy: what came over the network shares its memory with whatever came beside it.
        let said = Said::new(Source::Record(Bytes::copy_from_slice(&stored.body)));
        let weight = stored.body.len().div_ceil(envelopes.len().max(1));
        let frame = |(part, envelope): (usize, Enveloped<IgnoredAny>)| Self {
            seq: envelope.seq,
            stream_sequence: stored.stream_sequence,
            last: envelope.r#type == record::DONE,
            weight,
            part,
            said: Arc::clone(&said),
        };
        Ok(envelopes.into_iter().enumerate().map(frame).collect())
    }

    /// The frame of an event that no record holds yet.
    ///
    /// # Errors
    /// [`ReadError::Unreadable`] when the event has no CBOR form.
    pub(crate) fn promised(event: &Envelope) -> Result<Self, ReadError> {
        let body = event.close().and_then(|raw| wire::encode(&[raw]));
        let body = body.map_err(|source| ReadError::Unreadable { stream_sequence: 0, source })?;
        let (weight, said) = (body.len(), Said::new(Source::Record(body)));
        Ok(Self { seq: event.seq, stream_sequence: 0, last: event.r#type == record::DONE, weight, part: 0, said })
    }

    /// A message that is in no log, for a viewer that has everything up to `seq` with it.
    pub(crate) fn notice(seq: u64, stream_sequence: u64, notice: serde_json::Value) -> Self {
        Self { seq, stream_sequence, last: false, weight: 0, part: 0, said: Said::new(Source::Notice(notice)) }
    }

    /// What a viewer is sent.
    ///
    /// # Errors
    /// [`Unwritable`].
    pub(crate) fn packet(&self, codec: Codec) -> Result<&Packet, Unwritable> {
        let written = self.said.written[codec as usize].get_or_init(|| self.said.source.write(codec));
        let packet = written.as_ref().map_err(Unwritable::clone)?.get(self.part);
        packet.ok_or_else(|| Unwritable("it is not there".to_owned()))
    }

    /// The event as the log has it; none of a message that is in no log.
    ///
    /// # Errors
    /// [`Unwritable`].
    pub(crate) fn event(&self) -> Result<Option<RawEnvelope>, Unwritable> {
        let Source::Record(body) = &self.said.source else { return Ok(None) };
        let envelopes = record::read(body).map_err(|error| Unwritable(error.to_string()))?;
        Ok(envelopes.into_iter().nth(self.part))
    }

    /// The message that is in no log; none of an event.
    pub(crate) fn notice_of(&self) -> Option<&serde_json::Value> {
        match &self.said.source {
            Source::Record(_) => None,
            Source::Notice(notice) => Some(notice),
        }
    }

    /// The same as JSON.
    ///
    /// # Errors
    /// [`Unwritable`].
    pub(crate) fn json(&self) -> Result<&Utf8Bytes, Unwritable> {
        match self.packet(Codec::Json)?.message() {
            Message::Text(text) => Ok(text),
            _ => Err(Unwritable("JSON is text".to_owned())),
        }
    }
}

impl Said {
    fn new(source: Source) -> Arc<Self> {
        Arc::new(Self { source, written: [const { OnceLock::new() }; Codec::ALL.len()] })
    }
}

impl Source {
    fn write(&self, codec: Codec) -> Result<Box<[Packet]>, Unwritable> {
        let unwritable = |error: &dyn std::fmt::Display| Unwritable(error.to_string());
        match self {
            Self::Record(body) => {
                let envelopes = record::read(body).map_err(|error| unwritable(&error))?;
                envelopes.into_iter().map(|envelope| event(codec, envelope)).collect()
            }
            Self::Notice(notice) => {
                let message = codec.write(notice).map_err(|error| unwritable(&error))?;
                Ok(Box::new([Packet::new(message)]))
            }
        }
    }
}

fn event(codec: Codec, mut envelope: RawEnvelope) -> Result<Packet, Unwritable> {
    let message = codec.write(&envelope).or_else(|_| {
        // CBOR can say what JSON cannot (keys that are no text). The viewer still gets the event's place.
        envelope.payload = Value::Null;
        codec.write(&envelope).map_err(|error| Unwritable(error.to_string()))
    });
    message.map(Packet::new)
}

#[cfg(test)]
mod tests;
