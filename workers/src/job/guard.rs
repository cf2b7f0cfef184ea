//! Keeps a handler from taking the worker with it.

use std::{future::Future, panic::AssertUnwindSafe, time::Duration};

use futures::FutureExt as _;
use sba_service::backoff::Backoff;
use tokio::time::{Instant, sleep, timeout};

use super::Worker;
use crate::error::{Again, WorkError};

/// The longest pause between two looks whether an outage is over.
const LOOK_AGAIN: Duration = Duration::from_secs(5);

/// Does the work again and again for as long as an outage may last.
pub(super) async fn patiently<T, F>(worker: &Worker, work: impl Fn() -> F) -> Result<T, WorkError>
where
    F: Future<Output = Result<T, WorkError>>,
{
    let Backoff { shortest, longest } = worker.policy.usual.backoff;
    let pauses = Backoff::new(shortest, longest.min(LOOK_AGAIN));
    let end = Instant::now() + worker.policy.outage;
    let mut failed = 0;
    loop {
        let error = match work().await {
            Err(error) if error.again == Again::WhenBack => error,
            settled => return settled,
        };
        failed += 1;
        let pause = pauses.pause(failed);
        if Instant::now() + pause >= end {
            return Err(error);
        }
        if failed == 1 {
            tracing::warn!(code = error.code, error = error.chain(), "a job waits until an outage is over");
        }
        sleep(pause).await;
    }
}

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
        assert_eq!(panicked.map_err(|error| (error.code, error.again)), Err(("worker_panicked", Again::Counted)));
        let hung = within::<()>(deadline, std::future::pending()).await;
        assert_eq!(hung.map_err(|error| (error.code, error.again)), Err(("job_timeout", Again::Counted)));
    }
}
