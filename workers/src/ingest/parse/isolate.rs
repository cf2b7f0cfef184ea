//! Keeps a hostile document away from the worker: every document is read on a thread of its own, with a
//! deadline, and what panics there is an error here.

use std::{
    panic::{self, AssertUnwindSafe},
    sync::Arc,
    thread,
    time::Duration,
};

use bytes::Bytes;
use tokio::{
    sync::{Semaphore, oneshot},
    time::timeout,
};

use super::{Format, ParseError, ParseLimits, Parsed, parse};

/// The stack of a reader. Nesting is bounded by the limits, and this is enough for the deepest allowed.
const STACK_BYTES: usize = 16 * 1024 * 1024;

/// How much longer than its own deadline a reader is waited for. A reader looks at the clock between blocks; the
/// libraries beneath it may not come back in time.
const GRACE: Duration = Duration::from_secs(2);

/// Reads documents, a bounded number at a time.
///
/// A reader that hangs keeps its place until it ends, so that hanging documents can use up the readers but never
/// the threads of the process; the others then get [`ParseError::Busy`].
#[derive(Debug, Clone)]
pub struct Parser {
    readers: Arc<Semaphore>,
    limits: ParseLimits,
}

impl Parser {
    /// A parser with room for `readers` documents at once.
    #[must_use]
    pub fn new(readers: usize, limits: ParseLimits) -> Self {
        Self { readers: Arc::new(Semaphore::new(readers.max(1))), limits }
    }

    /// The limits that each document is held to.
    #[must_use]
    pub const fn limits(&self) -> &ParseLimits {
        &self.limits
    }

    /// Reads a document, without ever blocking the calling task.
    ///
    /// # Errors
    /// See [`ParseError`].
    pub async fn parse(&self, bytes: Bytes, format: Format, name: String) -> Result<Parsed, ParseError> {
        let limits = self.limits;
        self.run(move || parse(&bytes, format, &name, limits)).await
    }

    async fn run(
        &self,
        read: impl FnOnce() -> Result<Parsed, ParseError> + Send + 'static,
    ) -> Result<Parsed, ParseError> {
        let place = Arc::clone(&self.readers).acquire_owned();
        let place =
            timeout(self.limits.deadline, place).await.map_err(|_| ParseError::Busy)?.map_err(|_| ParseError::Busy)?;
        let (done, result) = oneshot::channel();
        let reader = move || {
            let outcome = panic::catch_unwind(AssertUnwindSafe(read))
                .unwrap_or(Err(ParseError::TooComplex { reason: "the reader failed on it" }));
            drop(place);
            // The receiver is gone when the deadline has passed.
            let _ = done.send(outcome);
        };
        thread::Builder::new()
            .name("document-reader".to_owned())
            .stack_size(STACK_BYTES)
            .spawn(reader)
            .map_err(|_| ParseError::Busy)?;
        match timeout(self.limits.deadline + GRACE, result).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(_)) | Err(_) => Err(ParseError::TooComplex { reason: "reading it took too long" }),
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

    use std::sync::mpsc;

    use super::*;

    fn parser(readers: usize) -> Parser {
        Parser::new(readers, ParseLimits { deadline: Duration::from_millis(50), ..ParseLimits::default() })
    }

    #[tokio::test]
    async fn a_panic_is_an_error() {
        let error = parser(1).run(|| panic!("a library gives up")).await.unwrap_err();
        assert_eq!(error.code(), "document_too_complex");
    }

    #[tokio::test(start_paused = true)]
    async fn a_reader_that_hangs_is_given_up_and_keeps_its_place() {
        let (release, hang) = mpsc::channel::<()>();
        let parser = parser(1);
        let error = parser.run(move || hang.recv().map(|()| unreachable!()).unwrap_or(Err(ParseError::Empty))).await;
        assert_eq!(error.unwrap_err().code(), "document_too_complex");
        let error = parser.run(|| Err(ParseError::Empty)).await.unwrap_err();
        assert_eq!(error, ParseError::Busy);
        tokio::time::resume();
        drop(release);
        let place = parser.readers.acquire().await.unwrap();
        drop(place);
        assert_eq!(parser.run(|| Err(ParseError::Empty)).await.unwrap_err(), ParseError::Empty);
    }
}
