//! Keeps a command, or the moment of a schedule, from taking more with it than its own handling.

use std::panic::AssertUnwindSafe;

use futures::FutureExt as _;
use sba_service::{backoff::Backoff, delivery::Fate};

/// What becomes of a command. One whose handling panics is tried again after a `pause`; one that does so at the last of
/// `most` deliveries is put aside, so that it is in nobody's way. Its run is found without progress, and fails if it does
/// not go on without the command either.
///
/// What was held is let go as the panic unwinds, and what the log has is whole: a record is stored or it is not.
pub(crate) async fn guarded(work: impl Future<Output = Fate>, deliveries: u32, most: u32, pause: Backoff) -> Fate {
    match AssertUnwindSafe(work).catch_unwind().await {
        Ok(fate) => fate,
        Err(_) if deliveries < most => Fate::Later(pause.pause(deliveries)),
        Err(_) => Fate::Dead { reason: "panicked", detail: "the orchestrator failed on it".to_owned() },
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::panic, reason = "that is what is tested")]

    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn a_command_that_panics_every_time_is_put_aside() {
        let pause = Backoff::new(Duration::from_millis(10), Duration::from_millis(20));
        let panics = async |deliveries| guarded(async { panic!("an error in the code") }, deliveries, 3, pause).await;
        assert!(matches!(panics(1).await, Fate::Later(_)));
        assert!(matches!(panics(2).await, Fate::Later(_)));
        assert!(matches!(panics(3).await, Fate::Dead { reason: "panicked", .. }));
        assert_eq!(guarded(async { Fate::Settled }, 9, 3, pause).await, Fate::Settled);
    }
}
