//! Deadlines and sizes around any provider, so that no answer can hang or grow without end.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::{StreamExt, stream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout, timeout_at};

use super::believed::Known;
use super::calls::{CallLimits, Names};
use super::{Model, ModelChunk, ModelError, ModelRequest, ModelStream, ToolCall, Wait};

/// What an answer is held to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Calls at the same time; a further one waits for its turn.
    pub calls: usize,
    /// The longest wait for a turn.
    pub turn: Duration,
    /// From the call to the first piece of the answer, connecting included.
    pub first_token: Duration,
    /// Between two pieces. A provider's keep-alives do not count as progress.
    pub next_token: Duration,
    /// The longest single piece, in bytes.
    pub chunk_bytes: usize,
    /// The longest whole answer, in bytes.
    pub answer_bytes: usize,
    /// The most that an answer may ask for.
    pub tool_calls: CallLimits,
    /// Tokens that a provider may count for words of its own.
    pub overhead_tokens: u64,
}

/// A model that is held to [`Limits`] and to the protocol of [`ModelStream`].
pub struct Guarded {
    inner: Arc<dyn Model>,
    limits: Limits,
    turns: Arc<Semaphore>,
}

impl Guarded {
    /// Holds `inner` to `limits`.
    #[must_use]
    pub fn new(inner: Arc<dyn Model>, limits: Limits) -> Self {
        Self { inner, limits, turns: Arc::new(Semaphore::new(limits.calls)) }
    }
}

#[async_trait]
impl Model for Guarded {
    async fn stream(&self, request: ModelRequest) -> Result<ModelStream, ModelError> {
        let turn = timeout(self.limits.turn, Arc::clone(&self.turns).acquire_owned())
            .await
            .map_err(|_| late(Wait::Turn, self.limits.turn))?
            .map_err(ModelError::unreachable)?;
        let first_token_by = Instant::now() + self.limits.first_token;
        let known = Known::of(&request, self.limits.overhead_tokens);
        let names = (!request.tools.is_empty()).then(|| Names::after(&request.messages));
        let inner = timeout_at(first_token_by, self.inner.stream(request))
            .await
            .map_err(|_| late(Wait::FirstToken, self.limits.first_token))??;
        let answer = Answer {
            inner,
            limits: self.limits,
            first_token_by: Some(first_token_by),
            known,
            bytes: 0,
            names,
            calls: 0,
            call_bytes: 0,
            _turn: turn,
        };
        Ok(stream::unfold(Some(answer), |answer| async move {
            let mut answer = answer?;
            let chunk = answer.next().await;
            let goes_on = matches!(chunk, Ok(ModelChunk::Text(_) | ModelChunk::Call(_)));
            Some((chunk, goes_on.then_some(answer)))
        })
        .boxed())
    }
}

fn late(wait: Wait, limit: Duration) -> ModelError {
    ModelError::Timeout { wait, limit }
}

/// An answer on its way.
struct Answer {
    inner: ModelStream,
    limits: Limits,
    /// Set until the first piece arrived.
    first_token_by: Option<Instant>,
    known: Known,
    bytes: usize,
    /// None where no tool was offered.
    names: Option<Names>,
    calls: usize,
    call_bytes: usize,
    /// Given back when the answer ends or nobody wants it any more.
    _turn: OwnedSemaphorePermit,
}

impl Answer {
    async fn next(&mut self) -> Result<ModelChunk, ModelError> {
        loop {
            let chunk = self.wait().await?;
            self.first_token_by = None;
            return match chunk {
                Some(Ok(ModelChunk::By(_))) => continue,
                Some(Ok(ModelChunk::Text(text))) if text.is_empty() => continue,
                Some(Ok(ModelChunk::Text(text))) => self.text(text),
                Some(Ok(ModelChunk::Call(call))) => match self.call(call)? {
                    Some(call) => Ok(ModelChunk::Call(call)),
                    None => continue,
                },
                Some(Ok(ModelChunk::End { usage, finish })) => {
                    let heard = (self.bytes + self.call_bytes) as u64;
                    Ok(ModelChunk::End { usage: self.known.believe(usage, heard), finish })
                }
                Some(Err(error)) => Err(error),
                None => Err(ModelError::unreachable("the answer was cut off before its end")),
            };
        }
    }

    async fn wait(&mut self) -> Result<Option<Result<ModelChunk, ModelError>>, ModelError> {
        let Limits { first_token, next_token, .. } = self.limits;
        match self.first_token_by {
            Some(deadline) => {
                timeout_at(deadline, self.inner.next()).await.map_err(|_| late(Wait::FirstToken, first_token))
            }
            None => timeout(next_token, self.inner.next()).await.map_err(|_| late(Wait::NextToken, next_token)),
        }
    }

    fn text(&mut self, text: String) -> Result<ModelChunk, ModelError> {
        self.bytes += text.len();
        if text.len() > self.limits.chunk_bytes {
            return Err(ModelError::garbage(format_args!("a piece of {} bytes", text.len())));
        }
        if self.bytes > self.limits.answer_bytes {
            return Err(ModelError::garbage(format_args!("an answer of more than {} bytes", self.limits.answer_bytes)));
        }
        Ok(ModelChunk::Text(text))
    }

    /// A call as it may be made; none where no tool was offered: what a document or a model makes up is no call.
    fn call(&mut self, call: ToolCall) -> Result<Option<ToolCall>, ModelError> {
        self.calls += 1;
        self.call_bytes += call.bytes();
        self.limits.tool_calls.check(self.calls, self.call_bytes)?;
        self.names.as_mut().map(|names| names.tidy(call)).transpose()
    }
}

#[cfg(test)]
mod tests;
