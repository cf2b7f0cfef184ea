//! Dead letters, as those who operate SBA meet them: what could not be done, and what becomes of it.
//!
//! A letter is named by its sequence in the stream `DEAD`, which no other letter ever has.

mod letter;
mod redrive;

use std::time::Duration;

use async_nats::jetstream::{
    Context,
    context::GetStreamError,
    stream::{RawMessageErrorKind, Stream},
};
use bytes::Bytes;
use sba_subjects::{
    id::TenantKey,
    stream,
    subject::filter::{self, Source},
};
use tokio::time::timeout;

pub use self::{letter::Letter, redrive::Redriven};
use crate::{
    publish::PublishFailure,
    walk::{self, From, Passed, Route, Walk, WalkError},
};

/// Why a letter could not be looked at, or dealt with.
#[derive(Debug, thiserror::Error)]
pub enum LetterError {
    /// The stream cannot be read.
    #[error(transparent)]
    Walk(#[from] WalkError),
    /// There is no letter there, or there is none any more.
    #[error("there is no dead letter {0}")]
    Unknown(u64),
    /// Its body was too large to be kept.
    #[error("dead letter {0} has lost its body, which left no room for the reason")]
    Bodyless(u64),
    /// Its subject is one that this version does not know.
    #[error("dead letter {0} has a subject that this version does not know")]
    Newer(u64),
    /// What it was could not be stored where it stood. The letter is kept.
    #[error(transparent)]
    Publish(#[from] PublishFailure),
}

impl LetterError {
    /// A stable name for the kind of failure.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Walk(error) => error.code(),
            Self::Unknown(_) => "dead_letter_unknown",
            Self::Bodyless(_) => "dead_letter_bodyless",
            Self::Newer(_) => "dead_letter_newer",
            Self::Publish(error) => error.code(),
        }
    }
}

/// The dead letters of all tenants.
#[derive(Debug, Clone)]
pub struct Letters {
    jetstream: Context,
    stream: Stream<()>,
    answer: Duration,
}

impl Letters {
    /// The letters that `jetstream` reaches; `answer` bounds each request to the server.
    ///
    /// # Errors
    /// [`WalkError`] when they cannot be reached, or there never were any.
    pub async fn new(jetstream: Context, answer: Duration) -> Result<Self, WalkError> {
        let name = stream::Stream::Dead.as_str();
        walk::known(&jetstream, name, answer).await?;
        let unavailable = |error: GetStreamError| WalkError::Unavailable(error.to_string());
        let stream = jetstream.get_stream_no_info(name).await.map_err(unavailable)?;
        Ok(Self { jetstream, stream, answer })
    }

    /// Walks through the letters of one tenant or of all, from one source or from all, the oldest first.
    ///
    /// # Errors
    /// [`WalkError`].
    pub async fn walk(
        &self,
        tenant: Option<&TenantKey>,
        source: Option<Source>,
        from: From,
    ) -> Result<Found, WalkError> {
        let stream = stream::Stream::Dead.to_string();
        let route = Route { stream, filter: filter::dead_letters(tenant, source), from, heads_only: true };
        Ok(Found(Walk::begin(self.jetstream.clone(), route, self.answer).await?))
    }

    /// A letter with its body, as the leader has it.
    ///
    /// # Errors
    /// [`LetterError::Unknown`] where none stands there, and [`WalkError`].
    pub async fn open(&self, sequence: u64) -> Result<(Letter, Bytes), LetterError> {
        let asked = timeout(self.answer, self.stream.get_raw_message(sequence)).await;
        let message = match asked.map_err(|_| unanswered(self.answer))? {
            Ok(message) => message,
            Err(error) if error.kind() == RawMessageErrorKind::NoMessageFound => {
                return Err(LetterError::Unknown(sequence));
            }
            Err(error) => return Err(WalkError::Unavailable(error.to_string()).into()),
        };
        let body = message.payload.clone();
        let passed = Passed {
            sequence,
            stored_at: message.time,
            subject: message.subject.to_string(),
            headers: message.headers,
            bytes: body.len() as u64,
            body: Bytes::new(),
        };
        Ok((Letter::of(passed), body))
    }

    /// Removes a letter for good. Says whether it was there: somebody else may have been first.
    ///
    /// # Errors
    /// [`WalkError::Unavailable`]; whether it was removed is not known then.
    pub async fn remove(&self, sequence: u64) -> Result<bool, WalkError> {
        let removed = timeout(self.answer, self.stream.delete_message(sequence)).await;
        match removed.map_err(|_| unanswered(self.answer))? {
            Ok(removed) => Ok(removed),
            // The server says of what is not there that it could not be deleted, as it says of much else.
            Err(error) => match self.open(sequence).await {
                Err(LetterError::Unknown(_)) => Ok(false),
                _ => Err(WalkError::Unavailable(error.to_string())),
            },
        }
    }
}

/// Letters that were found, without their bodies.
#[derive(Debug)]
pub struct Found(Walk);

impl Found {
    /// The next letter; `None` after the last.
    ///
    /// # Errors
    /// [`WalkError`].
    pub async fn next(&mut self) -> Result<Option<Letter>, WalkError> {
        Ok(self.0.next().await?.map(Letter::of))
    }
}

fn unanswered(limit: Duration) -> WalkError {
    WalkError::Unavailable(format!("no answer within {} ms", limit.as_millis()))
}
