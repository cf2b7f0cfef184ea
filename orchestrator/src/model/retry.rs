//! When to call a model again after a failure.

use std::time::Duration;

use sba_service::{backoff::Backoff, config::ModelConfig};

use super::ModelError;

/// Doubling pauses between the attempts of one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retry {
    /// Attempts of one call, the first included.
    pub attempts: u32,
    /// Pause before the second attempt.
    pub first_pause: Duration,
    /// No pause is longer, not even one that the provider asks for.
    pub longest_pause: Duration,
}

impl From<&ModelConfig> for Retry {
    fn from(config: &ModelConfig) -> Self {
        Self {
            attempts: config.max_attempts,
            first_pause: config.retry_min_ms.into(),
            longest_pause: config.retry_max_ms.into(),
        }
    }
}

impl Retry {
    /// How long to pause after the `failed`-th attempt (from 1) ended in `error`; `None` to give up.
    ///
    /// `jitter` is a random number from 0 to 1 that spreads callers who failed together: the pause
    /// is between half and the whole of what is due.
    #[must_use]
    pub fn pause(&self, failed: u32, error: &ModelError, jitter: f64) -> Option<Duration> {
        if failed >= self.attempts || !error.is_retryable() {
            return None;
        }
        let due = Backoff::new(self.first_pause, self.longest_pause).pause_by(failed, jitter);
        let asked = error.retry_after().unwrap_or_default().min(self.longest_pause);
        Some(due.max(asked))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RETRY: Retry =
        Retry { attempts: 4, first_pause: Duration::from_millis(100), longest_pause: Duration::from_millis(300) };

    #[test]
    fn pauses_double_up_to_the_longest_and_end() {
        let error = ModelError::unreachable("gone");
        let pauses = [1, 2, 3, 4].map(|failed| RETRY.pause(failed, &error, 1.0));
        assert_eq!(pauses, [Some(100), Some(200), Some(300), None].map(|ms| ms.map(Duration::from_millis)));
        assert_eq!(RETRY.pause(1, &error, 0.0), Some(Duration::from_millis(50)));
    }

    #[test]
    fn what_the_provider_asks_for_is_kept_within_the_longest_pause() {
        let error = |ms| ModelError::RateLimited { retry_after: Some(Duration::from_millis(ms)) };
        assert_eq!(RETRY.pause(1, &error(250), 0.0), Some(Duration::from_millis(250)));
        assert_eq!(RETRY.pause(1, &error(90_000), 0.0), Some(RETRY.longest_pause));
    }

    #[test]
    fn what_cannot_succeed_is_not_repeated() {
        assert_eq!(RETRY.pause(1, &ModelError::misconfigured("key"), 0.5), None);
    }
}
