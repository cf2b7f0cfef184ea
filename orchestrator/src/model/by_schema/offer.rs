//! The request that says in words and in a schema what other endpoints are told by their own means.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::TEXT;
use crate::model::prompts::clean;
use crate::model::{Message, ModelRequest, OutputSchema, ToolCall, ToolOffer};

/// The most tools that are asked for at once; small models would go on for ever.
const MAX_CALLS: usize = 4;

const RULES: &str = "Answer with one JSON object. \"text\" is what the person reads. \"tool_calls\" names the tools to use \
    now, each with what it is given; leave it empty when no tool is needed any more. You can use these tools:";

/// The same request without tools.
pub(super) fn request(request: ModelRequest) -> ModelRequest {
    let system = format!("{}\n\n{}", request.system, described(&request.tools)).trim_start().to_owned();
    let schema = Some(OutputSchema { name: "answer".to_owned(), json: schema(&request.tools) });
    ModelRequest { system, schema, tools: Vec::new(), messages: turns(request.messages), ..request }
}

fn described(tools: &[Arc<ToolOffer>]) -> String {
    let mut text = RULES.to_owned();
    for tool in tools {
        let ToolOffer { name, description, parameters, .. } = &**tool;
        // The whole schema would take most of a small model's context.
        let given: Vec<&str> = properties(parameters).map(|(name, _)| name.as_str()).collect();
        text.push_str(&format!("\n- {name}({}): {}", given.join(", "), clean(description)));
    }
    text
}

fn properties(parameters: &Value) -> impl Iterator<Item = (&String, &Value)> {
    parameters["properties"].as_object().into_iter().flat_map(Map::iter)
}

fn schema(tools: &[Arc<ToolOffer>]) -> Value {
    let object = |properties: Value, required: Value| json!({"type": "object", "properties": properties, "required": required, "additionalProperties": false});
    let call = |tool: &Arc<ToolOffer>| {
        object(json!({"tool": {"const": tool.name}, "with": tool.parameters}), json!(["tool", "with"]))
    };
    let calls = json!({
        "type": "array", "maxItems": MAX_CALLS,
        "items": {"anyOf": tools.iter().map(call).collect::<Vec<_>>()},
    });
    object(json!({TEXT: {"type": "string"}, "tool_calls": calls}), json!([TEXT, "tool_calls"]))
}

/// The conversation in turns of the person and the model alone, each after the other: chat templates know no more.
fn turns(messages: Vec<Message>) -> Vec<Message> {
    let mut turns: Vec<Message> = Vec::with_capacity(messages.len());
    for message in messages {
        let said = match message {
            Message::User(text) => text,
            // On one line, so that no tool can speak for another one or for the person.
            Message::Tool { name, content, .. } => format!("Result of {name}: {}", clean(&content)),
            Message::Assistant { text, calls } => {
                turns.push(Message::Assistant { text: answered(&text, &calls), calls: Vec::new() });
                continue;
            }
        };
        match turns.last_mut() {
            Some(Message::User(text)) => {
                text.push('\n');
                text.push_str(&said);
            }
            _ => turns.push(Message::User(said)),
        }
    }
    turns
}

/// An earlier turn of the model in the form that it is asked to answer in.
fn answered(text: &str, calls: &[ToolCall]) -> String {
    let calls: Vec<Value> = calls.iter().map(|call| json!({"tool": call.name, "with": call.object()})).collect();
    // Not by `json!`: the order of the fields is that of the schema whatever the map's is.
    format!("{{\"{TEXT}\":{},\"tool_calls\":{}}}", Value::from(text), Value::from(calls))
}
