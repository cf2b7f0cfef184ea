//! The JSON of OpenAI's chat completions, as far as SBA uses it.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::calls::CallDelta;
use super::strict::is_strict;
use crate::model::{Finish, Message, ModelRequest, ToolCall, ToolOffer, Usage};

/// The body of a call.
#[derive(Debug, Serialize)]
pub(super) struct Call<'a> {
    model: &'a str,
    messages: Vec<Turn<'a>>,
    stream: bool,
    stream_options: StreamOptions,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_completion_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seed: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_format: Option<Value>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tools: Vec<Value>,
}

#[derive(Debug, Serialize)]
#[serde(tag = "role", rename_all = "lowercase")]
enum Turn<'a> {
    System {
        content: &'a str,
    },
    User {
        content: &'a str,
    },
    Assistant {
        /// Null where the model only asked for tools.
        content: Option<&'a str>,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        tool_calls: Vec<Value>,
    },
    Tool {
        tool_call_id: &'a str,
        content: &'a str,
    },
}

impl<'a> From<&'a Message> for Turn<'a> {
    fn from(message: &'a Message) -> Self {
        match message {
            Message::User(content) => Self::User { content },
            Message::Assistant { text, calls } => Self::Assistant {
                content: Some(text.as_str()).filter(|text| !text.is_empty() || calls.is_empty()),
                tool_calls: calls.iter().map(asked).collect(),
            },
            Message::Tool { call_id, content, .. } => Self::Tool { tool_call_id: call_id, content },
        }
    }
}

/// A call of an earlier turn. Many servers read its arguments and refuse what is no object.
fn asked(call: &ToolCall) -> Value {
    let arguments = Value::Object(call.object()).to_string();
    json!({"id": call.id, "type": "function", "function": {"name": call.name, "arguments": arguments}})
}

fn offered(tool: &ToolOffer) -> Value {
    let ToolOffer { name, description, parameters, .. } = tool;
    let mut function = json!({"name": name, "description": description, "parameters": parameters});
    if is_strict(parameters) {
        function["strict"] = json!(true);
    }
    json!({"type": "function", "function": function})
}

#[derive(Debug, Serialize)]
struct StreamOptions {
    include_usage: bool,
}

impl<'a> Call<'a> {
    pub(super) fn new(request: &'a ModelRequest) -> Self {
        let system = Some(request.system.as_str()).filter(|system| !system.is_empty());
        let system = system.map(|content| Turn::System { content });
        let reasons = reasons(&request.model);
        let (max_tokens, max_completion_tokens) = match reasons {
            true => (None, Some(request.max_output_tokens)),
            false => (Some(request.max_output_tokens), None),
        };
        Self {
            model: &request.model,
            messages: system.into_iter().chain(request.messages.iter().map(Turn::from)).collect(),
            stream: true,
            stream_options: StreamOptions { include_usage: true },
            max_tokens,
            max_completion_tokens,
            temperature: request.temperature.filter(|_| !reasons),
            seed: request.seed.filter(|_| !reasons),
            response_format: request.schema.as_ref().map(|schema| {
                let json_schema = json!({"name": schema.name, "strict": true, "schema": schema.json});
                json!({"type": "json_schema", "json_schema": json_schema})
            }),
            tools: request.tools.iter().map(|tool| offered(tool)).collect(),
        }
    }
}

/// OpenAI's own reasoning models have another name for the limit that all other servers know, and refuse a temperature
/// and a seed.
fn reasons(model: &str) -> bool {
    ["gpt-5", "gpt-6", "o1", "o3", "o4"].iter().any(|family| model.starts_with(family))
}

/// One event of an answer.
#[derive(Debug, Deserialize)]
pub(super) struct Event {
    /// Set where the provider gave up in the middle.
    pub error: Option<Value>,
    /// A piece of the answer; empty in the event that only brings the usage.
    pub choices: Option<Vec<Choice>>,
    /// In the last event, or summed up in each.
    pub usage: Option<Tokens>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Choice {
    delta: Option<Delta>,
    finish_reason: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Delta {
    content: Option<String>,
    /// What the model says instead of an answer that it does not want to give.
    refusal: Option<String>,
    tool_calls: Option<Vec<CallDelta>>,
}

impl Choice {
    pub(super) fn finish(&self) -> Option<Finish> {
        Some(match self.finish_reason.as_deref()? {
            "stop" | "tool_calls" | "function_call" => Finish::Stop,
            "length" => Finish::Length,
            "content_filter" => Finish::Filtered,
            _ => Finish::Other,
        })
    }

    /// The piece of text and the pieces of tool calls; both may be empty.
    pub(super) fn said(self) -> (String, Vec<CallDelta>) {
        let Some(Delta { content, refusal, tool_calls }) = self.delta else { return Default::default() };
        (content.or(refusal).unwrap_or_default(), tool_calls.unwrap_or_default())
    }
}

#[derive(Debug, Clone, Copy, Deserialize)]
pub(super) struct Tokens {
    prompt_tokens: u64,
    completion_tokens: u64,
}

impl From<Tokens> for Usage {
    fn from(tokens: Tokens) -> Self {
        Self { input_tokens: tokens.prompt_tokens, output_tokens: tokens.completion_tokens, reported: true }
    }
}

#[cfg(test)]
mod tests;
