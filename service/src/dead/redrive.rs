//! Giving a message that was dead to those who work on it, once more.
//!
//! The message is stored where it stood before its letter is removed, so it is never lost. It may be stored twice: by two
//! operators at once, or by one who was killed in between and begins again. It has no effect twice all the same, because it
//! keeps its identity: a job is unique by its subject while it stands in its queue, the record of a call answers a call that
//! was made before (`tool_effects`), an index job does nothing for content that is indexed, and a run knows the commands
//! that it was told by their ids and settles older ones by its state.

use super::{LetterError, Letters};
use crate::publish;

/// What became of a letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Redriven {
    /// The message stands where it stood, and the letter is gone.
    Stored,
    /// The same: it stood there already.
    Already,
}

impl Letters {
    /// Publishes what a letter holds to the subject it had, with the headers it had, and removes the letter once that is
    /// stored.
    ///
    /// # Errors
    /// [`LetterError`]; the letter is kept then, and the same may be asked again.
    pub async fn redrive(&self, sequence: u64) -> Result<Redriven, LetterError> {
        let (letter, body) = self.open(sequence).await?;
        let Some(original) = letter.letter.as_ref().map(|letter| letter.original().clone()) else {
            return Err(LetterError::Newer(sequence));
        };
        if letter.dropped_bytes().is_some() {
            return Err(LetterError::Bodyless(sequence));
        }
        let headers = letter.original_headers();
        let stored = publish::confirmed(&self.jetstream, &original, headers, body, self.answer).await?;
        self.remove(sequence).await?;
        Ok(match stored {
            publish::Stored::Now(_) => Redriven::Stored,
            publish::Stored::Already => Redriven::Already,
        })
    }
}
