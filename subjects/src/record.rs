//! One message of the `RUNS` stream: the facts of one turn, stored together or not at all.
//!
//! The body is a CBOR array of envelopes with consecutive `seq`. What is needed to route, to order and
//! to recognise a repeat stands in the headers too, so that nothing has to decode the body for it.

use async_nats::HeaderMap;
use bytes::Bytes;

use crate::{
    codec::{self, CodecError},
    envelope::{Envelope, RawEnvelope, VERSION, in_order::InOrder},
    event::Event,
    id::RecordId,
    name::RunKind,
};

/// Version of the wire.
pub const V: &str = "Sba-V";
/// Id of the record: a repeat of an append carries the same.
pub const ID: &str = "Sba-Id";
/// `seq` of the first event.
pub const SEQ: &str = "Sba-Seq";
/// Number of events.
pub const COUNT: &str = "Sba-Count";
/// Attempt that wrote it.
pub const ATTEMPT: &str = "Sba-Attempt";
/// Types of the events, separated by commas.
pub const TYPES: &str = "Sba-Types";

/// The type of the event that ends a run: [`Event::Done`].
pub const DONE: &str = "done";

/// What the headers of a record say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// Version of the wire.
    pub v: u16,
    /// Id of the record.
    pub id: RecordId,
    /// `seq` of the first event.
    pub seq: u64,
    /// Number of events; at least 1.
    pub count: u64,
    /// Attempt that wrote it.
    pub attempt: u32,
}

impl Head {
    /// `seq` of the last event.
    #[must_use]
    pub const fn last_seq(&self) -> u64 {
        self.seq + self.count - 1
    }

    /// Reads the headers of a message; `None` where it is not a record.
    #[must_use]
    pub fn read(headers: &HeaderMap) -> Option<Self> {
        let text = |name: &str| headers.get(name).map(async_nats::HeaderValue::as_str);
        let head = Self {
            v: text(V)?.parse().ok()?,
            id: text(ID)?.parse().ok()?,
            seq: text(SEQ)?.parse().ok()?,
            count: text(COUNT)?.parse().ok()?,
            attempt: text(ATTEMPT)?.parse().ok()?,
        };
        let sound = head.seq > 0 && head.count > 0 && head.seq.checked_add(head.count).is_some();
        sound.then_some(head)
    }
}

/// A record ready to be appended.
#[derive(Debug, Clone)]
pub struct Record {
    /// What its headers say.
    pub head: Head,
    /// The subject it goes to: a record of tokens alone is a token frame.
    pub kind: RunKind,
    /// Its headers, without a fence.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Bytes,
}

impl Record {
    /// Makes a record of events with consecutive `seq`; `None` for no events.
    ///
    /// # Errors
    /// [`CodecError::Encode`] when an event has no CBOR form.
    pub fn of(id: RecordId, events: &[Envelope]) -> Result<Option<Self>, CodecError> {
        let Some(first) = events.first() else {
            return Ok(None);
        };
        let head = Head { v: VERSION, id, seq: first.seq, count: events.len() as u64, attempt: first.attempt };
        let tokens_only = events.iter().all(|event| matches!(event.payload, Event::Token(_)));
        let kind = if tokens_only { RunKind::Token } else { RunKind::Event };
        let bodies: Vec<_> = events.iter().map(Envelope::outgoing).collect();
        let headers = write(&head, events.iter().map(|event| event.payload.kind()));
        Ok(Some(Self { head, kind, headers, body: codec::encode(&bodies)? }))
    }
}

fn write<'a>(head: &Head, types: impl Iterator<Item = &'a str>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(V, head.v.to_string());
    headers.insert(ID, head.id.to_string());
    headers.insert(SEQ, head.seq.to_string());
    headers.insert(COUNT, head.count.to_string());
    headers.insert(ATTEMPT, head.attempt.to_string());
    headers.insert(TYPES, types.collect::<Vec<_>>().join(","));
    headers
}

/// The headers of a part of a record: these of its events, which stand one behind the other.
#[must_use]
pub fn headers(whole: &Head, events: &[RawEnvelope]) -> HeaderMap {
    let seq = events.first().map_or(whole.seq, |event| event.seq);
    let part = Head { seq, count: events.len() as u64, ..whole.clone() };
    write(&part, events.iter().map(|event| event.r#type.as_str()))
}

/// Whether the headers are those of a record with the event that ends its run.
#[must_use]
pub fn ends(headers: &HeaderMap) -> bool {
    let types = headers.get(TYPES).map(async_nats::HeaderValue::as_str).unwrap_or_default();
    types.rsplit(',').next() == Some(DONE)
}

/// Reads the body of a record without looking at its payloads.
///
/// # Errors
/// [`CodecError::Decode`] or [`CodecError::Trailing`] when it is not an array of envelopes.
pub fn read(body: &[u8]) -> Result<Vec<RawEnvelope>, CodecError> {
    codec::decode(body)
}

/// Reads the body of a record, payloads included.
///
/// # Errors
/// Those of [`read`], and [`CodecError::UnknownType`] or [`CodecError::UnknownVersion`] when a newer
/// version wrote it.
pub fn open(body: &[u8]) -> Result<Vec<Envelope>, CodecError> {
    if let Ok(events) = codec::decode::<Vec<InOrder>>(body) {
        return Ok(events.into_iter().map(|event| event.0).collect());
    }
    read(body)?.into_iter().map(RawEnvelope::open).collect()
}

/// Reads the events of a record that this version knows: types that a newer version added are left out.
///
/// # Errors
/// Those of [`read`].
pub fn known(body: &[u8]) -> Result<Vec<Envelope>, CodecError> {
    match open(body) {
        Ok(events) => Ok(events),
        Err(_) => Ok(read(body)?.into_iter().filter_map(|event| event.open().ok()).collect()),
    }
}

#[cfg(test)]
mod tests;
