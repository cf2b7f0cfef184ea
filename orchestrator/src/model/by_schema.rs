//! Tools for endpoints that know of none: the prompt describes them, and a JSON schema of the answer has the model
//! choose.
//!
//! The answer is `{"text": …, "tool_calls": [{"tool": …, "with": {…}}]}`. Servers write properties in the order of the
//! schema, which is that of the alphabet: people see the text while the calls are still being written, and a tool is
//! chosen before what it is given.

mod offer;

use std::collections::VecDeque;
use std::sync::Arc;

use async_trait::async_trait;
use futures::{StreamExt, stream};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::calls::ending;
use super::{Finish, JsonText, Model, ModelChunk, ModelError, ModelRequest, ModelStream, ToolCall, Usage};

/// The field of the answer that people see.
const TEXT: &str = "text";

/// A model that is offered tools by prompt and schema.
pub(super) struct BySchema {
    inner: Arc<dyn Model>,
    answer_bytes: usize,
}

impl BySchema {
    /// Puts the offer of tools into `inner`'s prompt; an answer longer than `answer_bytes` of JSON is refused.
    pub(super) fn new(inner: Arc<dyn Model>, answer_bytes: usize) -> Self {
        Self { inner, answer_bytes }
    }
}

#[async_trait]
impl Model for BySchema {
    async fn stream(&self, request: ModelRequest) -> Result<ModelStream, ModelError> {
        if request.tools.is_empty() {
            return self.inner.stream(request).await;
        }
        let stream = self.inner.stream(offer::request(request)).await?;
        let reader = Some(JsonText::new(TEXT));
        let answer =
            Answer { stream, reader, raw: String::new(), answer_bytes: self.answer_bytes, ending: VecDeque::new() };
        Ok(stream::unfold(Some(answer), |answer| async move {
            let mut answer = answer?;
            let chunk = answer.next().await?;
            let goes_on = !matches!(chunk, Ok(ModelChunk::End { .. }) | Err(_));
            Some((chunk, goes_on.then_some(answer)))
        })
        .boxed())
    }
}

/// An answer on its way.
struct Answer {
    stream: ModelStream,
    /// Gone once the answer ended.
    reader: Option<JsonText>,
    raw: String,
    answer_bytes: usize,
    /// What is left to be given once the answer ended.
    ending: VecDeque<ModelChunk>,
}

impl Answer {
    async fn next(&mut self) -> Option<Result<ModelChunk, ModelError>> {
        if let Some(chunk) = self.ending.pop_front() {
            return Some(Ok(chunk));
        }
        let chunk = match self.stream.next().await? {
            Ok(ModelChunk::Text(raw)) => self.hear(&raw),
            Ok(ModelChunk::End { usage, finish }) => self.end(usage, finish),
            Ok(chunk @ ModelChunk::By(_)) => Ok(chunk),
            Ok(ModelChunk::Call(_)) => Err(ModelError::garbage("a tool call where no tool was offered")),
            Err(error) => Err(error),
        };
        Some(chunk)
    }

    fn hear(&mut self, raw: &str) -> Result<ModelChunk, ModelError> {
        if self.raw.len() + raw.len() > self.answer_bytes {
            return Err(ModelError::garbage(format_args!("an answer of more than {} bytes", self.answer_bytes)));
        }
        self.raw.push_str(raw);
        Ok(ModelChunk::Text(self.reader.as_mut().map(|reader| reader.push(raw)).unwrap_or_default()))
    }

    fn end(&mut self, usage: Usage, finish: Finish) -> Result<ModelChunk, ModelError> {
        let held_back = self.reader.take().map(JsonText::finish).unwrap_or_default();
        self.ending = ending(calls(&self.raw, finish)?, usage, finish);
        Ok(ModelChunk::Text(held_back))
    }
}

/// The calls of a whole answer. One that was cut off or kept back has none, and neither has prose of a model that ignores schemas.
fn calls(raw: &str, finish: Finish) -> Result<Vec<ToolCall>, ModelError> {
    match serde_json::from_str::<Said>(raw) {
        Ok(said) => Ok(said.tool_calls.into_iter().map(ToolCall::from).collect()),
        Err(_) if finish.is_early() || !raw.trim_start().starts_with('{') => Ok(Vec::new()),
        Err(error) => Err(ModelError::garbage(format_args!("{error} in an answer of {} bytes", raw.len()))),
    }
}

/// The answer's JSON.
#[derive(Debug, Deserialize)]
struct Said {
    #[serde(default)]
    tool_calls: Vec<Asked>,
}

#[derive(Debug, Deserialize)]
struct Asked {
    tool: String,
    #[serde(default)]
    with: Map<String, Value>,
}

impl From<Asked> for ToolCall {
    fn from(asked: Asked) -> Self {
        Self { id: String::new(), name: asked.tool, arguments: Value::Object(asked.with).to_string() }
    }
}

#[cfg(test)]
mod tests;
