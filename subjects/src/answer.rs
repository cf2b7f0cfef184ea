//! Answers of models that are kept for a while, to be given again while no model can be reached: the messages of the
//! `ANSWERS` stream.
//!
//! A tenant has a fixed number of places for them. Which one an answer goes to follows from what was asked, and it takes
//! the place of the answer that stood there: so no tenant can take more room than its own.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::id::{InvalidId, RunId};

/// Places of a tenant.
pub const SLOTS: u16 = 1024;

/// What was asked, whole: a hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AnswerKey([u8; 32]);

/// The place of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Slot(u16);

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptAnswer {
    /// Version of the wire.
    pub v: u16,
    /// What was asked, in hex.
    pub key: String,
    /// The run that it was given to.
    pub run: RunId,
    /// When, in milliseconds since 1970.
    pub answered_at: u64,
    /// What was answered.
    pub text: String,
    /// What the model wrote, to the letter.
    pub raw: String,
}

impl AnswerKey {
    /// From a SHA-256.
    #[must_use]
    pub const fn new(hash: [u8; 32]) -> Self {
        Self(hash)
    }

    /// Where the answer is kept.
    #[must_use]
    pub fn slot(&self) -> Slot {
        Slot(u16::from_be_bytes([self.0[0], self.0[1]]) % SLOTS)
    }
}

impl fmt::Display for AnswerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Display for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:03x}", self.0)
    }
}

impl FromStr for Slot {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let slot = u16::from_str_radix(text, 16).ok().filter(|slot| *slot < SLOTS).map(Self);
        slot.filter(|slot| slot.to_string() == text).ok_or_else(|| InvalidId::new("place of an answer", text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_has_one_spelling() {
        assert_eq!("3ff".parse(), Ok(AnswerKey::new([0xff; 32]).slot()));
        for text in ["", "400", "3FF", "+ff", "0ff0", "ff", "-01"] {
            assert!(text.parse::<Slot>().is_err(), "{text}");
        }
    }
}
