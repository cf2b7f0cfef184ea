//! What follows when a call of the model failed.

use std::time::Duration;

use rand::Rng as _;
use sba_subjects::run::Failure;

use super::held::{Held, Stop};
use crate::{
    domain::{Action, Input},
    model::{Failed, ModelError, Next, Standing},
};

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

impl Held<'_> {
    /// Says what the failure of a call means. `None` once it may be called again; else what is to be done instead.
    pub(super) async fn after(&mut self, step: u32, error: ModelError) -> Result<Option<Vec<Action>>, Stop> {
        self.driver.metrics.model_failure(error.code());
        let standing = self.driver.model.standing();
        let (failure, failed) = (Failure::new(error.code(), error.to_string()), self.failed(step, standing));
        let next = self.next(&error, failed, standing);
        if matches!(next, Next::Wait(_) | Next::Over)
            && let Some(answer) = self.kept_answer(step).await
        {
            // Whoever watches is told why the answer is an old one.
            self.tell(Input::Failed { failure, until: None }, None).await?;
            return self.tell(Input::Answered(answer), None).await.map(Some);
        }
        match next {
            Next::Again(pause) => self.again(step, failure, pause).await,
            Next::Wait(pause) => {
                tracing::info!(error = %error, ?pause, "the model's provider is out; the run waits");
                let until = self.driver.clock.now_millis().saturating_add(millis(pause));
                self.tell(Input::Out { failure, until }, None).await.map(Some)
            }
            Next::Over => self.over(failed).await.map(Some),
            Next::GiveUp => {
                tracing::warn!(error = %error, code = error.code(), attempts = failed.attempts, "the model did not answer");
                self.tell(Input::Unanswered(failure), None).await.map(Some)
            }
        }
    }

    fn next(&self, error: &ModelError, failed: Failed, standing: Standing) -> Next {
        let limits = &self.driver.limits;
        let retry = if standing.is_fallback { &limits.fallback_retry } else { &limits.retry };
        retry.next(&limits.outage, error, failed, rand::rng().random_range(0.0..=1.0))
    }

    fn failed(&self, step: u32, standing: Standing) -> Failed {
        let step = self.state.step(step);
        let waits_since = step.and_then(|step| step.waits_since);
        let waited = waits_since.map_or(0, |since| self.driver.clock.now_millis().saturating_sub(since));
        Failed {
            attempts: step.map_or(0, |step| step.errors).saturating_add(1),
            out_for: standing.out_since.map(|since| since.elapsed()),
            waited: Duration::from_millis(waited),
            critical: self.state.options.critical == Some(true),
        }
    }

    /// Has the model called again, at once or when a timer says so.
    async fn again(&mut self, step: u32, failure: Failure, pause: Duration) -> Result<Option<Vec<Action>>, Stop> {
        tracing::info!(code = failure.code, ?pause, "the model failed; calling it again");
        if pause >= self.driver.limits.park_after {
            let until = Some(self.driver.clock.now_millis().saturating_add(millis(pause)));
            return self.tell(Input::Failed { failure, until }, None).await.map(Some);
        }
        self.tell(Input::Failed { failure, until: None }, None).await?;
        self.rest(step, pause).await
    }

    /// Ends a run that waits no longer. A critical one was promised to be done, and has failed.
    async fn over(&mut self, failed: Failed) -> Result<Vec<Action>, Stop> {
        let out = failed.out_for.unwrap_or_default().max(failed.waited).as_secs();
        tracing::warn!(
            out_seconds = out,
            critical = failed.critical,
            "the run waits no longer for its model's provider"
        );
        if failed.critical {
            let message =
                format!("The model's provider has been out for {out} s, and the run has waited for long enough.");
            return self.tell(Input::Unanswered(Failure::new("model_outage", message)), None).await;
        }
        self.driver.metrics.outage_cancelled.inc();
        let message = format!("The model's provider has been out for {out} s, and the run is not critical.");
        self.tell(Input::Over(Failure::new("model_outage", message)), None).await
    }
}
