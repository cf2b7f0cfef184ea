//! What follows when a call of a model failed.
//!
//! A call that may yet succeed is made again, so many times. While the provider is out, that says nothing of the call:
//! no attempt is counted then, and a run waits for as long as an outage may last for it.

use std::time::Duration;

use sba_service::{
    backoff::Backoff,
    config::{ModelConfig, OrchestratorConfig},
};

use super::ModelError;

/// When to call a model again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retry {
    /// Attempts of one call, the first included.
    pub attempts: u32,
    /// The pause before another attempt. None is longer, not even one that the provider asks for.
    pub backoff: Backoff,
    /// Codes of failures after which no further attempt is made, besides those that cannot succeed.
    pub never: Vec<String>,
}

/// What an outage of the provider means for runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outage {
    /// How long a run waits for it to end.
    pub ordinary: Duration,
    /// How long a critical run does.
    pub critical: Duration,
    /// The pause before a waiting run tries again: the first, and the longest.
    pub backoff: Backoff,
}

/// How far a call has come, that failed.
#[derive(Debug, Clone, Copy)]
pub struct Failed {
    /// Attempts that failed, this one included.
    pub attempts: u32,
    /// For how long the provider has been out; none while it is not.
    pub out_for: Option<Duration>,
    /// For how long the call has waited for it so far.
    pub waited: Duration,
    /// Whether its run is critical.
    pub critical: bool,
}

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Call again after this pause.
    Again(Duration),
    /// The provider is out. Let the run go, and call again after this pause.
    Wait(Duration),
    /// The provider has been out for longer than the run waits.
    Over,
    /// The call will not succeed.
    GiveUp,
}

impl Retry {
    /// That of the model that is called first.
    #[must_use]
    pub fn of(config: &ModelConfig) -> Self {
        Self {
            attempts: config.max_attempts,
            backoff: Backoff::new(config.retry_min_ms.into(), config.retry_max_ms.into()),
            never: config.no_retry.clone(),
        }
    }

    /// That of the fallback: what its settings leave open is as for the first.
    #[must_use]
    pub fn of_fallback(config: &ModelConfig) -> Self {
        let other = &config.fallback;
        let shortest = other.retry_min_ms.unwrap_or(config.retry_min_ms);
        let longest = other.retry_max_ms.unwrap_or(config.retry_max_ms);
        Self {
            attempts: other.max_attempts.unwrap_or(config.max_attempts),
            backoff: Backoff::new(shortest.into(), longest.into()),
            never: other.no_retry.clone().unwrap_or_else(|| config.no_retry.clone()),
        }
    }

    /// What follows from a failure. `chance`, from 0 to 1, spreads callers who failed together.
    #[must_use]
    pub fn next(&self, outage: &Outage, error: &ModelError, failed: Failed, chance: f64) -> Next {
        if !error.is_retryable() || self.never.iter().any(|code| code == error.code()) {
            return Next::GiveUp;
        }
        let unavailable = matches!(error, ModelError::Unavailable { .. });
        if let Some(out_for) = failed.out_for.filter(|_| unavailable || error.is_outage()) {
            return outage.next(failed, out_for, chance);
        }
        if failed.attempts >= self.attempts {
            return Next::GiveUp;
        }
        let asked = error.retry_after().unwrap_or_default().min(self.backoff.longest);
        Next::Again(self.backoff.pause_by(failed.attempts, chance).max(asked))
    }
}

impl Outage {
    /// What the configuration says.
    #[must_use]
    pub fn of(model: &ModelConfig, orchestrator: &OrchestratorConfig) -> Self {
        Self {
            ordinary: model.outage_ms.into(),
            critical: model.critical_outage_ms.into(),
            backoff: Backoff::new(orchestrator.park_after_ms.into(), model.outage_retry_max_ms.into()),
        }
    }

    /// A run that is not critical does not begin to wait for what has been out for long. A critical one waits its own time.
    fn next(&self, failed: Failed, out_for: Duration, chance: f64) -> Next {
        let (limit, gone) = match failed.critical {
            true => (self.critical, failed.waited),
            false => (self.ordinary, failed.waited.max(out_for)),
        };
        let Some(left) = limit.checked_sub(gone).filter(|left| !left.is_zero()) else { return Next::Over };
        Next::Wait(self.backoff.pause_after(failed.waited, chance).min(left))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: fn(u64) -> Duration = Duration::from_millis;

    fn retry() -> Retry {
        Retry { attempts: 4, backoff: Backoff::new(MS(100), MS(300)), never: vec!["model_garbage".into()] }
    }

    fn outage() -> Outage {
        Outage { ordinary: MS(60_000), critical: MS(600_000), backoff: Backoff::new(MS(1_000), MS(8_000)) }
    }

    fn failed(attempts: u32) -> Failed {
        Failed { attempts, out_for: None, waited: Duration::ZERO, critical: false }
    }

    fn next(error: &ModelError, failed: Failed, chance: f64) -> Next {
        retry().next(&outage(), error, failed, chance)
    }

    #[test]
    fn pauses_double_up_to_the_longest_and_end() {
        let error = ModelError::unreachable("gone");
        let pauses = [1, 2, 3, 4].map(|attempts| next(&error, failed(attempts), 1.0));
        assert_eq!(pauses, [Next::Again(MS(100)), Next::Again(MS(200)), Next::Again(MS(300)), Next::GiveUp]);
        assert_eq!(next(&error, failed(1), 0.0), Next::Again(MS(50)));
    }

    #[test]
    fn what_the_provider_asks_for_is_kept_within_the_longest_pause() {
        let error = |ms| ModelError::RateLimited { retry_after: Some(MS(ms)) };
        assert_eq!(next(&error(250), failed(1), 0.0), Next::Again(MS(250)));
        assert_eq!(next(&error(90_000), failed(1), 0.0), Next::Again(MS(300)));
    }

    #[test]
    fn what_cannot_succeed_or_must_not_be_repeated_is_not() {
        assert_eq!(next(&ModelError::misconfigured("key"), failed(1), 0.5), Next::GiveUp);
        assert_eq!(next(&ModelError::garbage("%%"), failed(1), 0.5), Next::GiveUp);
    }

    #[test]
    fn in_an_outage_attempts_do_not_count_and_time_does() {
        let error = ModelError::Unavailable { retry_after: MS(10_000) };
        let out = |out_ms, waited_ms| Failed { out_for: Some(MS(out_ms)), waited: MS(waited_ms), ..failed(99) };
        assert_eq!(next(&error, out(0, 0), 1.0), Next::Wait(MS(1_000)));
        assert_eq!(next(&error, out(5_000, 5_000), 1.0), Next::Wait(MS(5_000)), "as long again as it has waited");
        assert_eq!(next(&error, out(30_000, 30_000), 1.0), Next::Wait(MS(8_000)), "but not longer than the longest");
        assert_eq!(next(&error, out(59_990, 0), 1.0), Next::Wait(MS(10)), "nor beyond the end of its patience");
        assert_eq!(next(&error, out(60_000, 0), 1.0), Next::Over, "it does not begin to wait");
        assert_eq!(next(&error, out(3, 60_000), 1.0), Next::Over, "another process may know less");
        let probed = ModelError::unreachable("gone");
        assert_eq!(next(&probed, out(0, 0), 0.0), Next::Wait(MS(500)), "a call that tried the provider tells no more");
    }

    #[test]
    fn a_critical_run_waits_its_own_time() {
        let error = ModelError::Unavailable { retry_after: MS(10) };
        let out = |waited| Failed { out_for: Some(MS(10_000_000)), waited: MS(waited), critical: true, ..failed(1) };
        assert_eq!(next(&error, out(0), 1.0), Next::Wait(MS(1_000)));
        assert_eq!(next(&error, out(599_999), 1.0), Next::Wait(MS(1)));
        assert_eq!(next(&error, out(600_000), 1.0), Next::Over);
    }

    #[test]
    fn what_lies_in_the_call_is_counted_in_an_outage_too() {
        let refused = ModelError::garbage("odd");
        let patient = Retry { never: Vec::new(), ..retry() };
        let out = Failed { out_for: Some(MS(1)), ..failed(4) };
        assert_eq!(patient.next(&outage(), &refused, out, 0.5), Next::GiveUp);
    }
}
