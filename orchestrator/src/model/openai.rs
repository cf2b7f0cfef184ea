//! Any endpoint that speaks OpenAI's chat completions: hosted ones and local servers alike.
//!
//! The address can be anybody's server, so it is read by this crate's own bounded reader; the
//! client library for the other providers would buffer an endless line without a limit and skip
//! events that it does not understand.

mod calls;
mod strict;
mod wire;

use std::collections::VecDeque;
use std::time::Duration;

use async_trait::async_trait;
use futures::stream::BoxStream;
use futures::{StreamExt, stream};
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{Client, Response, Url};

use super::calls::ending;
use super::http;
use super::sse;
use super::{CallLimits, Finish, Model, ModelChunk, ModelError, ModelRequest, ModelStream, Usage};
use calls::Calls;
use wire::{Call, Event};

/// The event that ends an answer.
const DONE: &str = "[DONE]";

/// Where a provider is and how to reach it.
#[derive(Clone, Copy)]
pub(super) struct Endpoint<'a> {
    /// The address up to the version, such as `https://api.openai.com/v1`.
    pub base_url: &'a str,
    /// Empty where none is needed.
    pub api_key: &'a str,
    /// Deadline for opening a connection.
    pub connect_timeout: Duration,
    /// The longest event, in bytes.
    pub event_bytes: usize,
    /// The most that an answer may ask for.
    pub tool_calls: CallLimits,
}

/// A model behind an OpenAI-compatible endpoint.
pub(super) struct OpenAi {
    client: Client,
    url: Url,
    headers: HeaderMap,
    connect_timeout: Duration,
    event_bytes: usize,
    tool_calls: CallLimits,
}

impl OpenAi {
    pub(super) fn new(endpoint: Endpoint<'_>) -> Result<Self, ModelError> {
        let base_url = http::base_url(endpoint.base_url)?;
        let url = base_url
            .join("chat/completions")
            .map_err(|error| ModelError::misconfigured(format!("model.base_url: {error}")))?;
        Ok(Self {
            client: http::client(Some(&base_url), endpoint.connect_timeout)?,
            url,
            headers: headers(endpoint.api_key)?,
            connect_timeout: endpoint.connect_timeout,
            event_bytes: endpoint.event_bytes,
            tool_calls: endpoint.tool_calls,
        })
    }
}

fn headers(api_key: &str) -> Result<HeaderMap, ModelError> {
    let mut headers = HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static("text/event-stream"))]);
    if !api_key.is_empty() {
        let mut bearer = HeaderValue::try_from(format!("Bearer {api_key}"))
            .map_err(|_| ModelError::misconfigured("model.api_key has characters that no header may hold"))?;
        bearer.set_sensitive(true);
        headers.insert(AUTHORIZATION, bearer);
    }
    Ok(headers)
}

#[async_trait]
impl Model for OpenAi {
    async fn stream(&self, request: ModelRequest) -> Result<ModelStream, ModelError> {
        let call = self.client.post(self.url.clone()).headers(self.headers.clone()).json(&Call::new(&request));
        let response = call.send().await.map_err(|error| http::sending(error, self.connect_timeout))?;
        if !response.status().is_success() {
            return Err(http::refusal(response).await);
        }
        expect_event_stream(&response)?;
        let events = sse::data(response.bytes_stream(), self.event_bytes);
        Ok(chunks(events, Calls::new(self.tool_calls)))
    }
}

/// A server that ignores `stream: true` must not pass for one that says nothing.
fn expect_event_stream(response: &Response) -> Result<(), ModelError> {
    let kind = response.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if kind.starts_with("text/event-stream") {
        return Ok(());
    }
    Err(ModelError::garbage(format_args!("an event stream was asked for, the content type is {kind:?}")))
}

/// What is known of an answer before its end.
struct Answer {
    events: BoxStream<'static, Result<String, ModelError>>,
    calls: Calls,
    finish: Option<Finish>,
    usage: Option<Usage>,
    /// What is left to be given once the answer ended.
    ending: VecDeque<ModelChunk>,
}

fn chunks(events: BoxStream<'static, Result<String, ModelError>>, calls: Calls) -> ModelStream {
    let answer = Answer { events, calls, finish: None, usage: None, ending: VecDeque::new() };
    stream::try_unfold(Some(answer), |answer| async move {
        let Some(mut answer) = answer else { return Ok(None) };
        let chunk = answer.next().await?;
        let goes_on = !matches!(chunk, ModelChunk::End { .. });
        Ok(Some((chunk, goes_on.then_some(answer))))
    })
    .boxed()
}

impl Answer {
    async fn next(&mut self) -> Result<ModelChunk, ModelError> {
        if let Some(chunk) = self.ending.pop_front() {
            return Ok(chunk);
        }
        while let Some(data) = self.events.next().await.transpose()? {
            if data == DONE {
                return self.end(Some(Finish::Other));
            }
            if let Some(text) = self.read(&data)? {
                return Ok(ModelChunk::Text(text));
            }
        }
        // Some servers leave the last event out; the reason to finish says as much.
        self.end(None)
    }

    /// The text of an event; empty where it only has a piece of a tool call.
    fn read(&mut self, data: &str) -> Result<Option<String>, ModelError> {
        let event: Event = serde_json::from_str(data)
            .map_err(|error| ModelError::garbage(format_args!("{error} in an event of {} bytes", data.len())))?;
        if let Some(error) = event.error {
            return Err(http::error_event(&error));
        }
        let choices = event.choices.ok_or_else(|| ModelError::garbage("an event without choices"))?;
        self.usage = event.usage.map(Usage::from).or(self.usage);
        let Some(choice) = choices.into_iter().next() else { return Ok(None) };
        self.finish = choice.finish().or(self.finish);
        let (text, calls) = choice.said();
        let said = !text.is_empty() || !calls.is_empty();
        calls.into_iter().try_for_each(|delta| self.calls.push(delta))?;
        Ok(said.then_some(text))
    }

    fn end(&mut self, unless_known: Option<Finish>) -> Result<ModelChunk, ModelError> {
        let cut_off = || ModelError::unreachable("the answer was cut off before its end");
        let finish = self.finish.or(unless_known).ok_or_else(cut_off)?;
        self.ending = ending(self.calls.take(), self.usage.unwrap_or_default(), finish);
        self.ending.pop_front().ok_or_else(cut_off)
    }
}
