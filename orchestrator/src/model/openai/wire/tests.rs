#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;

use super::*;
use crate::model::OutputSchema;

fn request() -> ModelRequest {
    ModelRequest {
        model: "small".into(),
        system: String::new(),
        messages: vec![Message::user("Hi")],
        tools: Vec::new(),
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
fn tools_and_what_came_of_them_are_said() {
    let closed = json!({"type": "object", "properties": {}, "required": [], "additionalProperties": false});
    let open = json!({"type": "object", "properties": {"q": {"type": "string"}}});
    let tool = |name: &str, parameters: &Value| Arc::new(ToolOffer::new(name, "Looks.", parameters.clone()));
    let call = |id: &str, arguments: &str| ToolCall { id: id.into(), name: "look".into(), arguments: arguments.into() };
    let said = |text: &str, calls| Message::Assistant { text: text.into(), calls };
    let answered = Message::Tool { call_id: "a".into(), name: "look".into(), content: "[]".into() };
    let body = body(&ModelRequest {
        messages: vec![said("", vec![call("a", "{\"q\": 1}"), call("b", "{\"q")]), answered, said("", vec![])],
        tools: vec![tool("look", &closed), tool("find", &open)],
        ..request()
    });
    let function = |id: &str, arguments: &str| json!({"id": id, "type": "function", "function": {"name": "look", "arguments": arguments}});
    let calls = json!([function("a", "{\"q\":1}"), function("b", "{\"arguments\":\"{\\\"q\"}")]);
    assert_eq!(
        body["messages"],
        json!([
            {"role": "assistant", "content": null, "tool_calls": calls},
            {"role": "tool", "tool_call_id": "a", "content": "[]"},
            {"role": "assistant", "content": ""},
        ])
    );
    let offered = json!({"name": "look", "description": "Looks.", "parameters": closed, "strict": true});
    assert_eq!(body["tools"][0], json!({"type": "function", "function": offered}));
    assert_eq!(body["tools"][1]["function"].get("strict"), None);
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
