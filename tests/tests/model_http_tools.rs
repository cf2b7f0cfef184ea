//! Tools that models ask for, over HTTP, of servers that behave, misbehave and attack.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "model_http/server.rs"]
mod server;

use std::sync::Arc;

use axum::body::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use sba_orchestrator::model::{Message, Model, ModelChunk, ModelError, ModelRequest, ToolCall, ToolOffer};
use sba_service::config::{FallbackConfig, ModelConfig, ModelProvider, ScriptedCall, ScriptedConfig, ToolCalls};
use serde_json::{Value, json};
use server::{PATIENCE, Server, build};

fn request() -> ModelRequest {
    let parameters = json!({
        "type": "object", "properties": {"query": {"type": "string"}}, "required": ["query"],
        "additionalProperties": false,
    });
    let call = |id: &str| ToolCall { id: id.into(), name: "look".into(), arguments: "{\"query\":\"x\"}".into() };
    let answer = |id: &str| Message::Tool { call_id: id.into(), name: "look".into(), content: format!("for {id}") };
    ModelRequest {
        model: "first".into(),
        system: "Be brief.".into(),
        messages: vec![
            Message::user("Who?"),
            Message::Assistant { text: "I look.".into(), calls: vec![call("c1"), call("c2")] },
            answer("c1"),
            answer("c2"),
        ],
        tools: vec![ToolOffer::new("look", "Looks.", parameters).into()],
        schema: None,
        max_output_tokens: 100,
        temperature: Some(0.0),
        seed: Some(7),
    }
}

/// The text and the calls of a whole answer, as id, name and arguments.
type Heard = (String, Vec<(String, String, String)>);

async fn ask(model: &dyn Model, request: ModelRequest) -> Result<Heard, ModelError> {
    let reading = async {
        let chunks: Vec<ModelChunk> = model.stream(request).await?.try_collect().await?;
        let (mut text, mut calls) = (String::new(), Vec::new());
        for chunk in &chunks[..chunks.len() - 1] {
            match chunk {
                ModelChunk::Text(piece) => text.push_str(piece),
                ModelChunk::Call(call) => calls.push((call.id.clone(), call.name.clone(), call.arguments.clone())),
                ModelChunk::By(name) => assert_eq!(name, "second", "only the fallback stands in for another"),
                ModelChunk::End { .. } => panic!("nothing may follow the end"),
            }
        }
        assert!(matches!(chunks.last(), Some(ModelChunk::End { .. })));
        Ok((text, calls))
    };
    tokio::time::timeout(PATIENCE, reading).await.unwrap_or_else(|_| panic!("the answer hangs"))
}

fn call(id: &str, name: &str, arguments: &str) -> (String, String, String) {
    (id.to_owned(), name.to_owned(), arguments.to_owned())
}

/// One event of an OpenAI answer.
fn delta(delta: &Value) -> String {
    format!("data: {}\n\n", json!({"choices": [{"index": 0, "delta": delta}]}))
}

fn calls(pieces: &Value) -> String {
    delta(&json!({"tool_calls": pieces}))
}

const OPENAI_END: &str =
    "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"tool_calls\"}]}\n\ndata: [DONE]\n\n";

#[tokio::test]
async fn openai_calls_come_whole_with_the_text_before_them() {
    let pieces = [
        delta(&json!({"role": "assistant", "content": "I look "})),
        calls(&json!([{"index": 0, "id": "c9", "type": "function", "function": {"name": "look", "arguments": ""}}])),
        calls(&json!([{"index": 0, "function": {"arguments": "{\"query\""}}])),
        calls(&json!([{"index": 1, "id": "c1", "function": {"name": "look", "arguments": "{}"}}])),
        delta(&json!({"content": "again."})),
        calls(&json!([{"index": 0, "function": {"arguments": ":\"Ada\"}"}}])),
    ];
    let server = Server::says(pieces.concat() + OPENAI_END).await;
    let (text, asked) = ask(&*server.openai(), request()).await.unwrap();
    assert_eq!(text, "I look again.");
    // The second id was taken by an earlier turn.
    assert_eq!(asked, [call("c9", "look", "{\"query\":\"Ada\"}"), call("call_1_0", "look", "{}")]);

    let (_, _, body) = server.asked.lock().unwrap().pop().unwrap();
    let function =
        json!({"name": "look", "description": "Looks.", "parameters": request().tools[0].parameters, "strict": true});
    assert_eq!(body["tools"], json!([{"type": "function", "function": function}]));
    let said = |id: &str| json!({"id": id, "type": "function", "function": {"name": "look", "arguments": "{\"query\":\"x\"}"}});
    assert_eq!(body["messages"][2]["tool_calls"], json!([said("c1"), said("c2")]));
    assert_eq!(body["messages"][3], json!({"role": "tool", "tool_call_id": "c1", "content": "for c1"}));
    assert_eq!((&body["seed"], &body["temperature"]), (&json!(7), &json!(0.0)));
}

#[tokio::test]
async fn openai_calls_without_ids_or_numbers_are_told_apart() {
    let whole = json!({"function": {"name": "look", "arguments": "{}"}});
    let server = Server::says(calls(&json!([whole, whole])) + OPENAI_END).await;
    let (_, asked) = ask(&*server.openai(), request()).await.unwrap();
    assert_eq!(asked, [call("call_1_0", "look", "{}"), call("call_1_1", "look", "{}")]);
}

#[tokio::test]
async fn openai_hostile_calls_are_garbage() {
    let many: String = (0..10_000).map(|index| calls(&json!([{"index": index, "function": {"name": "x"}}]))).collect();
    let nameless = calls(&json!([{"index": 0, "id": "a", "function": {"arguments": "{}"}}]));
    let odd = calls(&json!([{"index": 0, "id": "a", "function": {"name": ["x"], "arguments": "{}"}}]));
    let negative = calls(&json!([{"index": -1, "function": {"name": "x"}}]));
    let shape = calls(&json!({"name": "x"}));
    for answer in [many, nameless, odd, negative, shape] {
        let server = Server::says(answer + OPENAI_END).await;
        assert_eq!(ask(&*server.openai(), request()).await.unwrap_err().code(), "model_garbage");
    }
    // Where nobody offered a tool, there is no call.
    let server = Server::says(calls(&json!([{"index": 0, "function": {"name": "look"}}])) + OPENAI_END).await;
    let without = ModelRequest { tools: Vec::new(), ..request() };
    let (text, made) = ask(&*server.openai(), without).await.unwrap();
    assert_eq!((text.as_str(), made.len()), ("", 0));
}

#[tokio::test]
async fn openai_endless_arguments_are_cut_off() {
    let server = Server::sse(|| {
        let piece =
            calls(&json!([{"index": 0, "id": "a", "function": {"name": "x", "arguments": "y".repeat(50_000)}}]));
        stream::repeat_with(move || Ok(Bytes::from(piece.clone()))).boxed()
    })
    .await;
    assert_eq!(ask(&*server.openai(), request()).await.unwrap_err().code(), "model_garbage");
}

fn anthropic_event(event: &Value) -> String {
    format!("event: {}\ndata: {event}\n\n", event["type"].as_str().unwrap())
}

fn anthropic_block(index: u32, id: &str, arguments: &[&str]) -> String {
    let block = json!({"type": "tool_use", "id": id, "name": "look", "input": {}});
    let mut text = anthropic_event(&json!({"type": "content_block_start", "index": index, "content_block": block}));
    for piece in arguments {
        let delta = json!({"type": "input_json_delta", "partial_json": piece});
        text += &anthropic_event(&json!({"type": "content_block_delta", "index": index, "delta": delta}));
    }
    text + &anthropic_event(&json!({"type": "content_block_stop", "index": index}))
}

fn anthropic_answer(blocks: &str) -> String {
    let usage = json!({"input_tokens": 25, "output_tokens": 1});
    let start =
        json!({"type": "message_start", "message": {"id": "m", "role": "assistant", "content": [], "usage": usage}});
    let text = json!({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}});
    let said = json!({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "I look."}});
    let end = json!({"type": "message_delta", "delta": {"stop_reason": "tool_use"}, "usage": {"output_tokens": 15}});
    let stop = json!({"type": "message_stop"});
    let before: String = [start, text, said].iter().map(anthropic_event).collect();
    before + blocks + &anthropic_event(&end) + &anthropic_event(&stop)
}

#[tokio::test]
async fn anthropic_calls_come_whole_with_the_text_before_them() {
    let blocks = anthropic_block(1, "t1", &["", "{\"query\":", "\"Ada\"}"]) + &anthropic_block(2, "t2", &[]);
    let server = Server::says(anthropic_answer(&blocks)).await;
    let (text, asked) = ask(&*server.anthropic(), request()).await.unwrap();
    assert_eq!(text, "I look.");
    assert_eq!(asked, [call("t1", "look", "{\"query\":\"Ada\"}"), call("t2", "look", "{}")]);

    let (_, _, body) = server.asked.lock().unwrap().pop().unwrap();
    assert_eq!(body["tools"][0]["name"], "look");
    assert_eq!(body["tools"][0]["input_schema"], request().tools[0].parameters);
    let used = |id: &str| json!({"type": "tool_use", "id": id, "name": "look", "input": {"query": "x"}});
    assert_eq!(body["messages"][1]["content"], json!([{"type": "text", "text": "I look."}, used("c1"), used("c2")]));
    let result = |id: &str| json!({"type": "tool_result", "tool_use_id": id, "content": format!("for {id}")});
    assert_eq!(body["messages"][2], json!({"role": "user", "content": [result("c1"), result("c2")]}));
}

#[tokio::test]
async fn anthropic_hostile_calls_are_garbage() {
    let many: String = (0..1_100).map(|index| anthropic_block(index, &format!("t{index}"), &["{}"])).collect();
    let large = "y".repeat(100_000);
    let large = anthropic_block(1, "t1", &[large.as_str(); 12]);
    let idless = json!({"type": "content_block_start", "index": 1, "content_block": {"type": "tool_use", "name": 7}});
    for blocks in [many, large, anthropic_event(&idless)] {
        let server = Server::says(anthropic_answer(&blocks)).await;
        assert_eq!(ask(&*server.anthropic(), request()).await.unwrap_err().code(), "model_garbage");
    }
}

#[tokio::test]
async fn an_endpoint_without_tools_is_asked_by_a_schema() {
    let json = r#"{"text":"I look.","tool_calls":[{"tool":"look","with":{"query":"Ada"}}]}"#;
    let pieces: String =
        json.as_bytes().chunks(5).map(|piece| delta(&json!({"content": String::from_utf8_lossy(piece)}))).collect();
    let server = Server::says(pieces + "data: [DONE]\n\n").await;
    let model = build(&ModelConfig { tool_calls: ToolCalls::Schema, ..server.config(ModelProvider::OpenAi) });
    let (text, asked) = ask(&*model, request()).await.unwrap();
    assert_eq!(text, "I look.");
    assert_eq!(asked, [call("call_1_0", "look", "{\"query\":\"Ada\"}")]);

    let (_, _, body) = server.asked.lock().unwrap().pop().unwrap();
    assert_eq!(body.get("tools"), None);
    assert_eq!(body["response_format"]["type"], "json_schema");
    let roles: Vec<_> =
        body["messages"].as_array().unwrap().iter().map(|message| message["role"].as_str().unwrap()).collect();
    assert_eq!(roles, ["system", "user", "assistant", "user"]);
}

#[tokio::test]
async fn a_provider_that_is_down_is_left_alone_and_the_fallback_answers() {
    let down = Server::refuses(503, &[], "{}").await;
    let other = Server::says(delta(&json!({"content": "Here."})) + "data: [DONE]\n\n").await;
    let config = ModelConfig { breaker_failures: 2, ..down.config(ModelProvider::OpenAi) };
    let alone = build(&config);
    let fallback = FallbackConfig {
        provider: Some(ModelProvider::OpenAi),
        name: "second".to_owned(),
        base_url: Some(other.url.clone()),
        ..FallbackConfig::default()
    };
    let backed = build(&ModelConfig { fallback, ..config });
    for model in [&alone, &backed] {
        for _ in 0..2 {
            assert_eq!(ask(&**model, request()).await.unwrap_err().code(), "model_refused");
        }
    }
    let error = ask(&*alone, request()).await.unwrap_err();
    assert_eq!((error.code(), error.is_retryable()), ("model_unavailable", true));
    assert!(error.retry_after().is_some_and(|wait| !wait.is_zero()));
    assert_eq!(ask(&*backed, request()).await.unwrap().0, "Here.");
    assert_eq!(down.asked.lock().unwrap().len(), 4);
    let (_, headers, body) = other.asked.lock().unwrap().pop().unwrap();
    assert_eq!((body["model"].as_str(), headers.get("authorization")), (Some("second"), None));
}

#[tokio::test]
async fn the_scripted_provider_asks_as_it_is_configured() {
    let arguments = json!({"query": "Ada"}).as_object().cloned().unwrap_or_default();
    let calls = vec![vec![ScriptedCall { name: "look".to_owned(), arguments }]];
    let scripted = ScriptedConfig { text: "Done.".to_owned(), calls, ..ScriptedConfig::default() };
    let model: Arc<dyn Model> =
        build(&ModelConfig { provider: ModelProvider::Scripted, scripted, ..ModelConfig::default() });
    let first = ModelRequest { messages: vec![Message::user("Who?")], ..request() };
    let asked = ask(&*model, first).await.unwrap();
    assert_eq!(asked, (String::new(), vec![call("scripted_0_0", "look", "{\"query\":\"Ada\"}")]));
    assert_eq!(ask(&*model, request()).await.unwrap(), ("Done.".to_owned(), Vec::new()));
}
