//! Model providers against HTTP servers that behave, misbehave and attack.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "model_http/server.rs"]
mod server;

use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use futures::{StreamExt, TryStreamExt, stream};
use sba_orchestrator::model::{
    Finish, Message, Model, ModelChunk, ModelError, ModelRequest, OutputSchema, Usage, Wait,
};
use sba_service::config::{ModelConfig, ModelProvider};
use serde_json::{Value, json};
use server::{KEY, LONG, PATIENCE, Server, build, millis};
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::util::SubscriberInitExt;

/// The deadline of models that are expected to miss it.
const SHORT: Duration = Duration::from_millis(300);

/// A model with these deadlines.
fn waiting(server: &Server, provider: ModelProvider, first_token: Duration, next_token: Duration) -> Arc<dyn Model> {
    let deadlines = ModelConfig {
        first_token_timeout_ms: millis(first_token),
        idle_timeout_ms: millis(next_token),
        ..server.config(provider)
    };
    build(&deadlines)
}

fn request() -> ModelRequest {
    let schema = json!({
        "type": "object", "properties": {"text": {"type": "string", "maxLength": 80}}, "required": ["text"],
        "additionalProperties": false,
    });
    ModelRequest {
        model: "claude-small".into(),
        system: "Be brief.".into(),
        messages: vec![Message::user("Who are you?")],
        tools: Vec::new(),
        schema: Some(OutputSchema { name: "answer".into(), json: schema }),
        max_output_tokens: 100,
        temperature: Some(0.0),
        seed: None,
    }
}

/// The text that arrived, and how the answer ended.
async fn answer(model: Arc<dyn Model>) -> (String, Result<(Usage, Finish), ModelError>) {
    let reading = async {
        let mut text = String::new();
        let mut stream = match model.stream(request()).await {
            Ok(stream) => stream,
            Err(error) => return (text, Err(error)),
        };
        let mut end = None;
        while let Some(chunk) = stream.next().await {
            assert!(end.is_none(), "nothing may follow the end");
            match chunk {
                Ok(ModelChunk::Text(piece)) => text.push_str(&piece),
                Ok(other @ (ModelChunk::Call(_) | ModelChunk::By(_))) => panic!("an uninvited {other:?}"),
                Ok(ModelChunk::End { usage, finish }) => end = Some(Ok((usage, finish))),
                Err(error) => end = Some(Err(error)),
            }
        }
        (text, end.unwrap_or_else(|| panic!("an answer without an end")))
    };
    tokio::time::timeout(PATIENCE, reading).await.unwrap_or_else(|_| panic!("the answer hangs"))
}

async fn failure(model: Arc<dyn Model>) -> ModelError {
    let error = answer(model).await.1.err().unwrap_or_else(|| panic!("a silent success"));
    assert!(!format!("{error} {error:?}").contains(KEY), "the key shows in {error:?}");
    error
}

/// One event of an OpenAI answer.
fn piece(text: &str) -> String {
    let delta = json!({"choices": [{"index": 0, "delta": {"content": text}, "finish_reason": null}]});
    format!("data: {delta}\n\n")
}

const OPENAI_END: &str = "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n\
    data: {\"choices\":[],\"usage\":{\"prompt_tokens\":12,\"completion_tokens\":3,\"total_tokens\":15}}\n\n\
    data: [DONE]\n\n";

fn openai_answer() -> String {
    let role = "data: {\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":null}}]}\n\n";
    format!(": hello\n\n{role}{}{}{OPENAI_END}", piece("Hello"), piece(" wörld 🦀"))
}

#[tokio::test]
async fn openai_answers_with_text_usage_and_reason() {
    let server = Server::says(openai_answer()).await;
    let (text, end) = answer(server.openai()).await;
    assert_eq!(text, "Hello wörld 🦀");
    assert_eq!(end.unwrap(), (Usage { input_tokens: 12, output_tokens: 3, reported: true }, Finish::Stop));

    let (path, headers, body) = server.asked.lock().unwrap().pop().unwrap();
    assert_eq!(path, "/v1/chat/completions");
    assert_eq!(headers["authorization"], format!("Bearer {KEY}"));
    assert_eq!(body["stream_options"], json!({"include_usage": true}));
    assert_eq!(body["response_format"]["type"], "json_schema");
    assert_eq!(body["messages"][0]["content"], "Be brief.");
    assert_eq!(body["temperature"], 0.0);
}

#[tokio::test]
async fn openai_answers_may_come_byte_by_byte() {
    let server = Server::sse(|| {
        let bytes: Vec<_> = openai_answer().into_bytes().chunks(1).map(Bytes::copy_from_slice).collect();
        stream::iter(bytes).map(Ok).boxed()
    })
    .await;
    assert_eq!(answer(server.openai()).await.0, "Hello wörld 🦀");
}

#[tokio::test]
async fn openai_slow_answers_are_waited_for_as_long_as_they_move() {
    let server = Server::sse(|| {
        let pieces = (0..8).map(|n| piece(&n.to_string())).chain([OPENAI_END.to_owned()]);
        stream::iter(pieces)
            .then(|piece| async {
                tokio::time::sleep(SHORT).await;
                Ok(Bytes::from(piece))
            })
            .boxed()
    })
    .await;
    // All in all it takes longer than the deadline for one piece.
    let (text, end) = answer(waiting(&server, ModelProvider::OpenAi, LONG, SHORT * 7)).await;
    assert_eq!(text, "01234567");
    assert!(end.is_ok());
}

#[tokio::test]
async fn openai_answers_without_usage_or_last_event_are_whole() {
    let end = "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"length\"}]}\n\n";
    let server = Server::says(format!("{}{end}", piece("12345678"))).await;
    let (usage, finish) = answer(server.openai()).await.1.unwrap();
    assert_eq!((usage.output_tokens, usage.reported, finish), (2, false, Finish::Length));
}

#[tokio::test]
async fn openai_stalls_end_at_their_deadline() {
    let silent = Server::sse(|| stream::pending().boxed()).await;
    let error = failure(waiting(&silent, ModelProvider::OpenAi, SHORT, LONG)).await;
    assert!(matches!(error, ModelError::Timeout { wait: Wait::FirstToken, .. }), "{error}");

    // Keep-alives are no progress.
    let stalled = Server::sse(|| {
        let pings = stream::unfold((), |()| async {
            tokio::time::sleep(SHORT / 10).await;
            Some((Ok(Bytes::from_static(b": ping\n\n")), ()))
        });
        stream::iter([Ok(Bytes::from(piece("Hello")))]).chain(pings).boxed()
    })
    .await;
    let (text, end) = answer(waiting(&stalled, ModelProvider::OpenAi, LONG, SHORT)).await;
    assert_eq!(text, "Hello");
    assert!(matches!(end, Err(ModelError::Timeout { wait: Wait::NextToken, .. })), "{end:?}");
}

#[tokio::test]
async fn openai_cut_answers_are_no_success() {
    let cut = Server::sse(|| {
        let broken = std::io::Error::other("cut");
        stream::iter([Ok(Bytes::from(piece("Hello"))), Err(broken)]).boxed()
    })
    .await;
    let closed = Server::says(piece("Hello")).await;
    for server in [cut, closed] {
        assert_eq!(failure(server.openai()).await.code(), "model_unreachable");
    }
}

#[tokio::test]
async fn openai_garbage_is_named_and_what_came_before_it_is_kept() {
    let bad: [&[u8]; 5] = [
        b"data: {\"choices\":[{\"del\n\n",
        b"data: \xff\xfe\xfd\n\n",
        b"data: {\"choices\":[{\"delta\":{\"content\":{\"a\":1}}}]}\n\n",
        b"data: {\"unexpected\":true}\n\n",
        b"data: <html>Bad gateway</html>\n\n",
    ];
    for bad in bad {
        let server = Server::says([piece("Hello").as_bytes(), bad, OPENAI_END.as_bytes()].concat()).await;
        let (text, end) = answer(server.openai()).await;
        let what = String::from_utf8_lossy(bad);
        assert_eq!((text.as_str(), end.unwrap_err().code()), ("Hello", "model_garbage"), "{what}");
    }
    for kind in ["text/html", "application/json"] {
        let page = Server::refuses(200, &[("content-type", kind)], "{}").await;
        assert_eq!(failure(page.openai()).await.code(), "model_garbage");
    }
}

#[tokio::test]
async fn openai_endless_lines_and_answers_are_cut_off() {
    let line = Server::sse(|| {
        let more = stream::repeat_with(|| Ok(Bytes::from(vec![b'x'; 64 * 1024])));
        stream::iter([Ok(Bytes::from("data: "))]).chain(more).boxed()
    })
    .await;
    assert_eq!(failure(line.openai()).await.code(), "model_garbage");

    let answer = Server::sse(|| stream::repeat_with(|| Ok(Bytes::from(piece(&"x".repeat(4_000))))).boxed()).await;
    assert_eq!(failure(answer.openai()).await.code(), "model_garbage");
}

#[tokio::test]
async fn openai_refusals_are_sorted() {
    let words = |words: &str| json!({"error": {"message": words}});
    let echo = words(&format!("Incorrect API key provided: {KEY}"));
    let long = words("maximum context length is 2048 tokens");
    for (status, body, code, retryable) in [
        (500, words("oops"), "model_refused", true),
        (503, words("loading model"), "model_refused", true),
        (404, words("no such model"), "model_refused", false),
        (401, echo, "model_misconfigured", false),
        (400, long, "model_too_long", false),
    ] {
        let error = failure(Server::refuses(status, &[], body).await.openai()).await;
        assert_eq!((error.code(), error.is_retryable()), (code, retryable), "{status}");
    }
    let busy = Server::refuses(429, &[("retry-after", "7")], words("slow down")).await;
    assert_eq!(failure(busy.openai()).await.retry_after(), Some(Duration::from_secs(7)));

    let late = "data: {\"error\":{\"code\":500,\"message\":\"out of memory\",\"type\":\"server_error\"}}\n\n";
    let (text, end) = answer(Server::says(piece("Hello") + late).await.openai()).await;
    assert_eq!((text.as_str(), end.unwrap_err().code()), ("Hello", "model_refused"));
}

#[tokio::test]
async fn an_endless_error_body_is_not_read_to_its_end() {
    let server = Server::start(|| {
        let body = stream::repeat_with(|| Ok::<_, Infallible>(Bytes::from(vec![b'x'; 64 * 1024])));
        (StatusCode::BAD_GATEWAY, Body::from_stream(body)).into_response()
    })
    .await;
    let error = failure(server.openai()).await;
    assert_eq!(error.code(), "model_refused");
    assert!(error.to_string().len() < 1_000);
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let thief = Server::says(openai_answer()).await;
    let location: &'static str = Box::leak(thief.url.clone().into_boxed_str());
    let server = Server::refuses(307, &[("location", location)], "").await;
    for model in [server.openai(), server.anthropic()] {
        assert_eq!(failure(model).await.code(), "model_misconfigured");
    }
    assert!(thief.asked.lock().unwrap().is_empty());
}

#[tokio::test]
async fn nobody_listening_is_unreachable() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/v1", listener.local_addr().unwrap());
    drop(listener);
    let server = Server { url, asked: Arc::default() };
    for model in [server.openai(), server.anthropic()] {
        let error = failure(model).await;
        assert_eq!((error.code(), error.is_retryable()), ("model_unreachable", true));
    }
}

#[tokio::test]
async fn dropping_the_answer_closes_the_connection() {
    struct Closed(Arc<Notify>);
    impl Drop for Closed {
        fn drop(&mut self) {
            self.0.notify_one();
        }
    }
    let closed = Arc::new(Notify::new());
    let held = Arc::clone(&closed);
    let server = Server::sse(move || {
        let guard = Closed(Arc::clone(&held));
        let endless = stream::unfold(guard, |guard| async {
            tokio::time::sleep(Duration::from_millis(5)).await;
            Some((Ok(Bytes::from(piece("x"))), guard))
        });
        endless.boxed()
    })
    .await;
    let mut stream = server.openai().stream(request()).await.unwrap();
    stream.try_next().await.unwrap();
    drop(stream);
    tokio::time::timeout(PATIENCE, closed.notified()).await.unwrap();
}

/// An Anthropic answer up to its end.
fn anthropic_begin() -> String {
    let events = [
        json!({"type": "message_start", "message": {"id": "m", "type": "message", "role": "assistant", "content": [],
            "model": "claude-small", "usage": {"input_tokens": 25, "output_tokens": 1}}}),
        json!({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}),
        json!({"type": "ping"}),
        json!({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Hello"}}),
        json!({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": " wörld"}}),
    ];
    events.iter().map(anthropic_event).collect()
}

fn anthropic_end() -> String {
    let events = [
        json!({"type": "content_block_stop", "index": 0}),
        json!({"type": "message_delta", "delta": {"stop_reason": "max_tokens"}, "usage": {"output_tokens": 15}}),
        json!({"type": "message_stop"}),
    ];
    events.iter().map(anthropic_event).collect()
}

fn anthropic_event(event: &Value) -> String {
    format!("event: {}\ndata: {event}\n\n", event["type"].as_str().unwrap())
}

#[tokio::test]
async fn anthropic_answers_with_text_usage_and_reason() {
    let server = Server::says(anthropic_begin() + &anthropic_end()).await;
    let (text, end) = answer(server.anthropic()).await;
    assert_eq!(text, "Hello wörld");
    assert_eq!(end.unwrap(), (Usage { input_tokens: 25, output_tokens: 15, reported: true }, Finish::Length));

    let (path, headers, body) = server.asked.lock().unwrap().pop().unwrap();
    assert_eq!(path, "/v1/messages");
    assert_eq!(headers["x-api-key"], KEY);
    assert_eq!(body["max_tokens"], 100);
    assert_eq!(body["output_config"]["format"]["type"], "json_schema");
    // The provider refuses a schema with bounds.
    assert_eq!(body["output_config"]["format"]["schema"]["properties"]["text"], json!({"type": "string"}));
}

#[tokio::test]
async fn anthropic_failures_inside_an_answer_are_sorted() {
    let overloaded = json!({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}});
    let overloaded = anthropic_event(&overloaded).into_bytes();
    let broken = b"event: content_block_delta\ndata: {\"type\":\"content_blo\n\n".to_vec();
    for (bad, code) in [(overloaded, "model_refused"), (broken, "model_garbage"), (Vec::new(), "model_unreachable")] {
        let server = Server::says([anthropic_begin().into_bytes(), bad].concat()).await;
        let (text, end) = answer(server.anthropic()).await;
        let error = end.unwrap_err();
        assert_eq!((text.as_str(), error.code(), error.is_retryable()), ("Hello wörld", code, true));
    }
    let invalid = b"event: content_block_delta\ndata: \xff\xfe\n\n";
    let server = Server::says([anthropic_begin().as_bytes(), invalid].concat()).await;
    assert_eq!(failure(server.anthropic()).await.code(), "model_garbage");
}

#[tokio::test]
async fn anthropic_refusals_and_stalls_are_sorted() {
    let slow = json!({"type": "error", "error": {"type": "rate_limit_error", "message": "slow down"}});
    let busy = Server::refuses(429, &[("retry-after", "3")], slow).await;
    assert_eq!(failure(busy.anthropic()).await.retry_after(), Some(Duration::from_secs(3)));
    let wrong_key = Server::refuses(401, &[], format!("invalid x-api-key {KEY}")).await;
    assert_eq!(failure(wrong_key.anthropic()).await.code(), "model_misconfigured");

    let begin = || stream::iter([Ok(Bytes::from(anthropic_begin()))]);
    let stalled = Server::sse(move || begin().chain(stream::pending()).boxed()).await;
    let (text, end) = answer(waiting(&stalled, ModelProvider::Anthropic, LONG, SHORT)).await;
    assert_eq!((text.as_str(), end.unwrap_err().code()), ("Hello wörld", "model_timeout"));
}

/// Keeps what is logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn the_key_is_not_logged_even_where_the_provider_repeats_it() {
    let log = Log::default();
    let to = log.clone();
    let logging =
        tracing_subscriber::fmt().with_max_level(LevelFilter::TRACE).with_writer(move || to.clone()).set_default();
    let server = Server::refuses(401, &[], format!("invalid key {KEY}")).await;
    for model in [server.openai(), server.anthropic()] {
        failure(model).await;
    }
    drop(logging);
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(!log.is_empty() && !log.contains(KEY), "{log}");
}
