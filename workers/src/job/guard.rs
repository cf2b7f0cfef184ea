//! Keeps a handler from taking the worker with it.

use std::{future::Future, panic::AssertUnwindSafe, time::Duration};

use futures::FutureExt as _;
use tokio::time::timeout;

use crate::error::WorkError;

/// Does the work within a deadline; what panics is an error.
pub(super) async fn within<T>(
    deadline: Duration,
    work: impl Future<Output = Result<T, WorkError>>,
) -> Result<T, WorkError> {
    match timeout(deadline, AssertUnwindSafe(work).catch_unwind()).await {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(_)) => Err(WorkError::passing("worker_panicked", "the worker failed on this job")),
        Err(_) => {
            Err(WorkError::passing("job_timeout", format!("the job took longer than {} ms", deadline.as_millis())))
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::panic, reason = "that is what is tested")]

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn neither_a_panic_nor_a_hang_gets_through() {
        let deadline = Duration::from_secs(5);
        let panicked = within::<()>(deadline, async { panic!("a handler gives up") }).await;
        assert_eq!(panicked.map_err(|error| (error.code, error.retryable)), Err(("worker_panicked", true)));
        let hung = within::<()>(deadline, std::future::pending()).await;
        assert_eq!(hung.map_err(|error| (error.code, error.retryable)), Err(("job_timeout", true)));
    }
}
