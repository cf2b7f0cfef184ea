//! Answers that are kept, to be given again while no model can be reached.
//!
//! An answer is given to the same question of the same tenant over the same passages: whatever was looked up is looked
//! up anew, and a document that is gone is in no answer. One that asks for tools is never kept: what to do is decided on
//! the day, not from memory.

use bytes::Bytes;
use sba_service::standing;
use sba_subjects::{answer::KeptAnswer, codec, envelope::VERSION, run::Usage, stream::Stream, subject::Subject};

use super::{held::Held, prompt};
use crate::domain::{Answer, Source};

impl Held<'_> {
    /// An answer as it is kept; `None` where it may not be.
    pub(super) fn to_keep(&self, step: u32, answer: &Answer) -> Option<(Subject, Bytes)> {
        let own = answer.calls.is_empty() && answer.source.is_none();
        if !self.agent.cached_answers || !own || answer.cut || answer.withheld {
            return None;
        }
        let said = self.state.step(step).map(|step| step.text.as_str()).unwrap_or_default();
        let text = Some(format!("{said}{}", answer.rest)).filter(|text| !text.trim().is_empty())?;
        let (request, _) = prompt::request(self.driver, &self.state, &self.agent, step);
        let key = request.key(&self.tenant)?;
        let kept = KeptAnswer {
            v: VERSION,
            key: key.to_string(),
            run: self.state.run,
            answered_at: self.driver.clock.now_millis(),
            text,
            raw: answer.raw.clone(),
        };
        let subject = Subject::Answer { tenant: self.tenant.clone(), slot: key.slot() };
        Some((subject, codec::encode(&kept).ok()?))
    }

    /// Keeps an answer. Whether it is stored is not waited for: without it there is none in the next outage.
    pub(super) async fn keep_answer(&self, (subject, body): (Subject, Bytes)) {
        if let Err(error) = self.driver.client.publish(subject.to_string(), body).await {
            tracing::debug!(%error, "an answer was not kept");
        }
    }

    /// The answer that the same question got before, where the run may be given it.
    pub(super) async fn kept_answer(&self, step: u32) -> Option<Answer> {
        if !self.agent.cached_answers {
            return None;
        }
        let (request, _) = prompt::request(self.driver, &self.state, &self.agent, step);
        let key = request.key(&self.tenant)?;
        let subject = Subject::Answer { tenant: self.tenant.clone(), slot: key.slot() };
        let (jetstream, deadline) = (&self.driver.jetstream, self.driver.limits.publish);
        let found = standing::last(jetstream, Stream::Answers, &subject.to_string(), deadline).await;
        let found =
            found.inspect_err(|error| tracing::warn!(%error, "whether there is an earlier answer is not known"));
        let kept: KeptAnswer = codec::decode(&found.ok()??).ok()?;
        // Another question may have the same place.
        let KeptAnswer { run, answered_at, text, raw, .. } =
            Some(kept).filter(|kept| kept.v == VERSION && kept.key == key.to_string())?;
        tracing::info!(%run, answered_at, "the model is out; the run is given an earlier answer");
        let source = Some(Source::Cache { run_id: run, answered_at });
        let count = u64::from(!text.is_empty());
        let (calls, usage) = (Vec::new(), Usage::default());
        Some(Answer { rest: text, count, raw, calls, cut: false, withheld: false, usage, source })
    }
}
