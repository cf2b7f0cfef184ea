//! The executor's first kind of step: a call of the model, said as it comes.
//!
//! One append is in flight at a time. What the model says meanwhile makes up the next frame: at rest each
//! piece is said at once, under load a frame carries what has gathered. No timer is needed.

use futures::{FutureExt as _, StreamExt as _, future::BoxFuture};
use rand::Rng as _;
use sba_subjects::run::{Failure, Usage};

use super::{
    held::{Held, Stop, append},
    prompt,
};
use crate::{
    domain::{Action, Answer, Input, Turn, decide},
    model::{Finish, JsonText, ModelChunk, ModelError, ModelStream, prompts},
};

/// What the model said and the log does not have yet.
#[derive(Default)]
struct Unsaid {
    text: String,
    count: u64,
}

/// How far an answer has come.
struct Hearing {
    reader: JsonText,
    raw: String,
    unsaid: Unsaid,
    end: Option<Result<(Usage, Finish), ModelError>>,
}

impl Hearing {
    fn new() -> Self {
        Self { reader: JsonText::new(prompts::FIELD), raw: String::new(), unsaid: Unsaid::default(), end: None }
    }

    fn hear(&mut self, chunk: Option<Result<ModelChunk, ModelError>>) {
        match chunk {
            Some(Ok(ModelChunk::Text(raw))) => {
                self.raw.push_str(&raw);
                self.unsaid.text.push_str(&self.reader.push(&raw));
                self.unsaid.count += 1;
            }
            Some(Ok(ModelChunk::End { usage, finish })) => {
                let usage = Usage { input_tokens: usage.input_tokens, output_tokens: usage.output_tokens };
                self.end = Some(Ok((usage, finish)));
            }
            Some(Err(error)) => self.end = Some(Err(error)),
            None => self.end = Some(Err(ModelError::garbage("the stream ended without an end"))),
        }
    }
}

/// What became of the append in flight; never, while there is none.
async fn landed<T>(flight: &mut Option<BoxFuture<'_, T>>) -> T {
    match flight {
        Some(flight) => flight.await,
        None => std::future::pending().await,
    }
}

impl Held<'_> {
    /// Calls the model for a step until it has answered or will not.
    pub(super) async fn write(&mut self, step: u32) -> Result<Action, Stop> {
        let mut failed = 0;
        loop {
            let error = match self.answer(step).await? {
                Ok(action) => return Ok(action),
                Err(error) => error,
            };
            failed += 1;
            let jitter = rand::rng().random_range(0.0..1.0);
            let Some(pause) = self.driver.limits.retry.pause(failed, &error, jitter) else {
                tracing::warn!(error = %error, code = error.code(), failed, "the model did not answer");
                let failure = Failure::new(error.code(), error.to_string());
                return self.tell(Input::Unanswered(failure), None, true).await;
            };
            tracing::info!(error = %error, failed, ?pause, "the model failed; calling it again");
            tokio::time::sleep(pause).await;
            if self.state.running_step().is_some_and(|step| step.tokens > 0) {
                self.tell(Input::Again, None, true).await?;
            }
        }
    }

    /// One call of the model, to its end. The inner error is the model's.
    async fn answer(&mut self, step: u32) -> Result<Result<Action, ModelError>, Stop> {
        let mut hearing = self.driver.peers.hearing();
        let opened = tokio::select! {
            opened = self.driver.model.stream(prompt::request(&self.state, &self.agent, step)) => opened,
            _ = hearing.wait_for(|heard| !heard) => return Err(Stop::CutOff),
        };
        match opened {
            Ok(stream) => self.hear(stream).await,
            Err(error) => Ok(Err(error)),
        }
    }

    async fn hear(&mut self, mut stream: ModelStream) -> Result<Result<Action, ModelError>, Stop> {
        let mut heard = Hearing::new();
        let mut flight: Option<BoxFuture<'_, (Turn, Result<u64, Stop>)>> = None;
        let mut cut_off = self.driver.peers.hearing();
        let (driver, tenant) = (self.driver, self.tenant.clone());
        loop {
            if flight.is_none() {
                if heard.end.is_some() {
                    break;
                }
                if !heard.unsaid.text.is_empty() {
                    let Unsaid { text, count } = std::mem::take(&mut heard.unsaid);
                    let input = Input::Said { text, count };
                    let decision = decide(self.state.clone(), &self.agent, self.stamp(None), input, true)?;
                    let (fence, tenant) = (self.fence, tenant.clone());
                    flight = Some(
                        async move {
                            let stored = append(driver, &tenant, &decision.turn, fence).await;
                            (decision.turn, stored)
                        }
                        .boxed(),
                    );
                }
            }
            let room = heard.unsaid.text.len() < driver.limits.frame_bytes;
            tokio::select! {
                (turn, stored) = landed(&mut flight) => {
                    flight = None;
                    self.fence = stored?;
                    self.state = turn.state;
                }
                chunk = stream.next(), if heard.end.is_none() && room => heard.hear(chunk),
                _ = cut_off.wait_for(|heard| !heard) => return Err(Stop::CutOff),
            }
        }
        self.conclude(heard).await
    }

    async fn conclude(&mut self, heard: Hearing) -> Result<Result<Action, ModelError>, Stop> {
        let Hearing { reader, raw, mut unsaid, end } = heard;
        let (usage, finish) = match end {
            Some(Ok(end)) => end,
            Some(Err(error)) => return Ok(Err(error)),
            None => return Ok(Err(ModelError::garbage("the stream ended without an end"))),
        };
        unsaid.text.push_str(&reader.finish());
        let cut = finish == Finish::Length;
        let count = if unsaid.text.is_empty() { 0 } else { unsaid.count.max(1) };
        let answer = Answer { rest: unsaid.text, count, raw, cut, usage };
        Ok(Ok(self.tell(Input::Answered(answer), None, true).await?))
    }
}
