//! What a dead letter says.

use async_nats::HeaderMap;
use sba_subjects::{
    dead,
    id::TenantKey,
    subject::{DeadLetter, Subject},
};
use time::OffsetDateTime;

use crate::walk::Passed;

/// A dead letter, without its body.
#[derive(Debug, Clone)]
pub struct Letter {
    /// Where it stands in the stream; what it is named by.
    pub sequence: u64,
    /// When it was put there.
    pub died_at: OffsetDateTime,
    /// Its subject, as it is spelled.
    pub subject: String,
    /// Whose it is and where it came from; `None` for a subject that this version does not know.
    pub letter: Option<DeadLetter>,
    /// Its headers: those of the message it was, and why it is dead.
    pub headers: HeaderMap,
    /// Size of its body in bytes.
    pub bytes: u64,
}

impl Letter {
    pub(super) fn of(passed: Passed) -> Self {
        let letter = match passed.subject.parse() {
            Ok(Subject::Dead(letter)) => Some(letter),
            _ => None,
        };
        Self {
            sequence: passed.sequence,
            died_at: passed.stored_at,
            subject: passed.subject,
            letter,
            headers: passed.headers,
            bytes: passed.bytes,
        }
    }

    /// Why it is dead: a stable code; empty where it does not say.
    #[must_use]
    pub fn reason(&self) -> &str {
        self.said(dead::REASON).unwrap_or_default()
    }

    /// Why, in words.
    #[must_use]
    pub fn detail(&self) -> &str {
        self.said(dead::DETAIL).unwrap_or_default()
    }

    /// How often it was delivered before; 0 where it does not say.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.said(dead::ATTEMPTS).and_then(|attempts| attempts.parse().ok()).unwrap_or_default()
    }

    /// Whose it is; `None` for a subject that this version does not know.
    #[must_use]
    pub fn tenant(&self) -> Option<&TenantKey> {
        self.letter.as_ref()?.original().tenant()
    }

    /// Size of the body that was too large to be kept; `None` where the body is there.
    #[must_use]
    pub fn dropped_bytes(&self) -> Option<u64> {
        self.said(dead::DROPPED_BYTES).map(|bytes| bytes.parse().unwrap_or_default())
    }

    /// One of its headers.
    #[must_use]
    pub fn said(&self, header: &str) -> Option<&str> {
        self.headers.get(header).map(async_nats::HeaderValue::as_str)
    }

    /// The headers that the message had, as far as they were kept.
    #[must_use]
    pub fn original_headers(&self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, values) in self.headers.iter().filter(|(name, _)| dead::keeps(name.as_ref())) {
            values.iter().for_each(|value| headers.append(name.clone(), value.clone()));
        }
        headers
    }
}
