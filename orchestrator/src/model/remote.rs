//! Anthropic and the other hosted providers that the client library genai speaks to.
//!
//! The library's stream ends silently where a connection is cut, which [`super::Guarded`] turns
//! into an error; everything else that it reports is sorted here.

mod answer;
mod conversation;

use std::string::FromUtf8Error;
use std::time::Duration;

use async_trait::async_trait;
use futures::{Stream, StreamExt, future, stream};
use genai::adapter::AdapterKind;
use genai::chat::{ChatOptions, ChatStream, ChatStreamEvent, JsonSpec};
use genai::resolver::{AuthData, Endpoint as Address, ProviderConfig};
use genai::{Client, ModelIden};
use serde_json::Value;
use tracing::dispatcher::{Dispatch, with_default};

use super::error::Cause;
use super::{CallLimits, Model, ModelError, ModelRequest, ModelStream};
use super::{http, openai::Endpoint};
use answer::Answer;
use conversation::chat;

/// The keywords of a JSON Schema that bound how long something is.
const LENGTHS: [&str; 4] = ["minLength", "maxLength", "minItems", "maxItems"];

/// A model that is reached through the client library.
pub(super) struct Remote {
    client: Client,
    kind: AdapterKind,
    connect_timeout: Duration,
    tool_calls: CallLimits,
}

impl Remote {
    /// A model of `kind`; an empty `base_url` means the provider's own.
    pub(super) fn new(kind: AdapterKind, endpoint: Endpoint<'_>) -> Result<Self, ModelError> {
        let base_url = Some(endpoint.base_url).filter(|url| !url.is_empty()).map(http::base_url).transpose()?;
        let provider = ProviderConfig {
            endpoint: base_url.as_ref().map(|url| Address::from_owned(url.as_str())),
            // Always given, so that no key is picked up from a variable nobody configured.
            auth: Some(AuthData::from_single(endpoint.api_key)),
        };
        let client = Client::builder()
            .with_reqwest(http::client(base_url.as_ref(), endpoint.connect_timeout)?)
            .append_provider_config(kind, provider)
            .build()
            .map_err(|error| ModelError::misconfigured(error.to_string()))?;
        Ok(Self { client, kind, connect_timeout: endpoint.connect_timeout, tool_calls: endpoint.tool_calls })
    }
}

#[async_trait]
impl Model for Remote {
    async fn stream(&self, request: ModelRequest) -> Result<ModelStream, ModelError> {
        let options = options(&request);
        let model = ModelIden::new(self.kind, request.model.clone());
        let answer = self.client.exec_chat_stream(model, chat(request), Some(&options)).await;
        // Nothing is sent yet: whatever fails here lies in what was configured.
        let answer = answer.map_err(|error| ModelError::misconfigured(error.to_string()))?;
        let connect_timeout = self.connect_timeout;
        let mut heard = Answer::new(self.tool_calls);
        let mut chunks = silent(answer.stream)
            .map(move |event| event.map_err(|error| sort(error, connect_timeout)))
            .map(move |event| heard.chunks(event?))
            .flat_map(|chunks| match chunks {
                Ok(chunks) => stream::iter(chunks).map(Ok).left_stream(),
                Err(error) => stream::once(future::ready(Err(error))).right_stream(),
            })
            .boxed();
        // The library sends the call when the first event is asked for.
        match chunks.next().await {
            Some(first) => Ok(stream::iter([Ok(first?)]).chain(chunks).boxed()),
            None => Ok(stream::empty().boxed()),
        }
    }
}

/// The library logs what it also returns, with the provider's words, which may repeat the API key.
fn silent(mut events: ChatStream) -> impl Stream<Item = genai::Result<ChatStreamEvent>> {
    let nobody = Dispatch::none();
    stream::poll_fn(move |context| with_default(&nobody, || events.poll_next_unpin(context)))
}

fn options(request: &ModelRequest) -> ChatOptions {
    let mut options = ChatOptions::default().with_max_tokens(request.max_output_tokens).with_capture_usage(true);
    options.temperature = request.temperature.map(f64::from);
    options.seed = request.seed;
    let schema = request.schema.as_ref();
    options.response_format = schema.map(|schema| JsonSpec::new(&schema.name, unbounded(&schema.json)).into());
    options
}

/// The schema without lengths: Anthropic refuses one that has any. [`super::Guarded`] bounds the answer anyway.
fn unbounded(schema: &Value) -> Value {
    match schema {
        Value::Object(members) => {
            // A property may have the name of a keyword; its schema is an object.
            let kept = members.iter().filter(|(name, value)| !LENGTHS.contains(&name.as_str()) || value.is_object());
            kept.map(|(name, value)| (name.clone(), unbounded(value))).collect()
        }
        Value::Array(items) => items.iter().map(unbounded).collect(),
        other => other.clone(),
    }
}

/// Sorts the library's errors, some of which hold others.
fn sort(error: genai::Error, connect_timeout: Duration) -> ModelError {
    match error {
        genai::Error::HttpError { status, .. } if status.is_redirection() => http::redirected(status),
        genai::Error::HttpError { status, body, headers, .. } => {
            ModelError::from_status(status.as_u16(), &http::message(&body), http::retry_after(&headers))
        }
        genai::Error::WebStream { error, .. } => sort_cause(error, connect_timeout),
        genai::Error::ChatResponse { body, .. } => http::error_event(&body),
        other => ModelError::garbage(other),
    }
}

fn sort_cause(cause: Cause, connect_timeout: Duration) -> ModelError {
    let cause = match cause.downcast::<genai::Error>() {
        Ok(error) => return sort(*error, connect_timeout),
        Err(cause) => cause,
    };
    match cause.downcast::<reqwest::Error>() {
        Ok(error) => http::sending(*error, connect_timeout),
        Err(cause) if cause.is::<FromUtf8Error>() => ModelError::garbage("invalid UTF-8"),
        Err(cause) => ModelError::unreachable(cause),
    }
}
