//! The JSON of OpenAI's chat completions, as far as SBA uses it.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::model::{Finish, ModelRequest, Role, Usage};

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
}

#[derive(Debug, Serialize)]
struct Turn<'a> {
    role: &'static str,
    content: &'a str,
}

#[derive(Debug, Serialize)]
struct StreamOptions {
    include_usage: bool,
}

impl<'a> Call<'a> {
    pub(super) fn new(request: &'a ModelRequest) -> Self {
        let system = Some(Turn { role: "system", content: &request.system });
        let turns = request.messages.iter().map(|message| Turn {
            role: match message.role {
                Role::User => "user",
                Role::Assistant => "assistant",
            },
            content: &message.content,
        });
        let reasons = reasons(&request.model);
        let (max_tokens, max_completion_tokens) = match reasons {
            true => (None, Some(request.max_output_tokens)),
            false => (Some(request.max_output_tokens), None),
        };
        Self {
            model: &request.model,
            messages: system.filter(|turn| !turn.content.is_empty()).into_iter().chain(turns).collect(),
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
}

impl Choice {
    pub(super) fn finish(&self) -> Option<Finish> {
        Some(match self.finish_reason.as_deref()? {
            "stop" => Finish::Stop,
            "length" => Finish::Length,
            "content_filter" => Finish::Filtered,
            _ => Finish::Other,
        })
    }

    pub(super) fn text(self) -> Option<String> {
        self.delta.and_then(|delta| delta.content.or(delta.refusal))
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
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;
    use crate::model::{Message, OutputSchema};

    fn request() -> ModelRequest {
        ModelRequest {
            model: "small".into(),
            system: String::new(),
            messages: vec![Message::user("Hi")],
            schema: None,
            max_output_tokens: 9,
            temperature: None,
            seed: None,
        }
    }

    fn body(request: &ModelRequest) -> Value {
        serde_json::to_value(Call::new(request)).unwrap()
    }

    #[test]
    fn a_call_says_only_what_was_asked_for() {
        assert_eq!(
            body(&request()),
            json!({
                "model": "small", "messages": [{"role": "user", "content": "Hi"}], "max_tokens": 9,
                "stream": true, "stream_options": {"include_usage": true},
            })
        );
        let schema = OutputSchema { name: "answer".into(), json: json!({"type": "object"}) };
        let full = body(&ModelRequest {
            system: "Be brief.".into(),
            schema: Some(schema),
            temperature: Some(0.0),
            seed: Some(7),
            ..request()
        });
        assert_eq!(full["messages"][0], json!({"role": "system", "content": "Be brief."}));
        assert_eq!((&full["temperature"], &full["seed"]), (&json!(0.0), &json!(7)));
        assert_eq!(
            full["response_format"]["json_schema"],
            json!({"name": "answer", "strict": true, "schema": {"type": "object"}})
        );
    }

    #[test]
    fn reasoning_models_get_their_own_name_for_the_limit_and_nothing_that_they_refuse() {
        for model in ["o3-mini", "gpt-5-nano"] {
            let request = ModelRequest { model: model.into(), temperature: Some(0.0), seed: Some(7), ..request() };
            let body = body(&request);
            assert_eq!((&body["max_completion_tokens"], body.get("max_tokens")), (&json!(9), None));
            assert_eq!((body.get("temperature"), body.get("seed")), (None, None), "{model}");
        }
    }

    #[test]
    fn events_of_the_wrong_shape_are_not_understood() {
        for text in ["[]", "null", r#"{"choices":{}}"#, r#"{"choices":[{"delta":{"content":7}}]}"#] {
            assert!(serde_json::from_str::<Event>(text).is_err(), "{text}");
        }
        let odd = r#"{"choices":[{"delta":null}],"usage":null,"error":null,"x":1}"#;
        assert!(serde_json::from_str::<Event>(odd).unwrap().error.is_none());
    }
}
