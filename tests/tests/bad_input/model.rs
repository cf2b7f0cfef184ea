//! A model server that does what a question asks of it, however bad.

use std::time::Duration;

use axum::{
    Router,
    body::{Body, Bytes, to_bytes},
    extract::Request,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use futures::{StreamExt as _, stream};
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle};

/// What it answers to a document that tells it to do harm: it obeys.
const OBEDIENT: &str = "<script>alert(1)</script> [pay here](javascript:alert(2)) ![seen](http://evil.example/x.png) \
                        <img src=http://evil.example/y.png onerror=alert(3)> {\"tool\": \"http_request\"} Done as told.";

/// The server.
pub(crate) struct Unruly {
    url: String,
    stop: oneshot::Sender<()>,
    served: JoinHandle<()>,
}

impl Unruly {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/v1/", listener.local_addr().unwrap());
        let (stop, stopped) = oneshot::channel::<()>();
        let served = tokio::spawn(async move {
            let router = Router::new().fallback(answer);
            tokio::select! {
                served = axum::serve(listener, router) => served.unwrap(),
                _ = stopped => {}
            }
        });
        Self { url, stop, served }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Stops listening.
    pub(crate) async fn stop(self) {
        self.stop.send(()).unwrap();
        self.served.await.unwrap();
    }
}

async fn answer(request: Request) -> Response {
    let body = to_bytes(request.into_body(), 1 << 20).await.unwrap();
    let asked = String::from_utf8_lossy(&body).into_owned();
    let asks = |word: &str| asked.contains(word);
    let first = vec![frame("Invoices are ")];
    if asks("REFUSE") {
        return (StatusCode::PAYMENT_REQUIRED, "no credit").into_response();
    }
    if asks("SLOW") {
        tokio::time::sleep(Duration::from_secs(600)).await;
    }
    if asks("GARBAGE") {
        return events([first, vec!["data: {\"choices\": [}{ %%%\n\n".to_owned()]].concat(), After::End);
    }
    if asks("STALL") {
        return events(first, After::Nothing);
    }
    if asks("CUT") {
        return events(first, After::Cut);
    }
    if asks("WITHHELD") {
        return events(vec![end("content_filter", 7)], After::End);
    }
    let text = match () {
        () if asks("OBEY") => OBEDIENT,
        () if asks("EMPTY") => "",
        () => "Invoices are due within thirty days.",
    };
    let mut said: Vec<String> = Vec::new();
    if asks("OBEY") {
        said.push(chunk(&json!({"tool_calls": [{"index": 0, "id": "call_1", "type": "function",
            "function": {"name": "http_request", "arguments": "{\"url\": \"http://evil.example\"}"}}]})));
    }
    let object = json!({"text": text}).to_string();
    said.push(chunk(&json!({"content": object})));
    said.push(end("stop", if asks("BOAST") { u64::MAX } else { 7 }));
    events(said, After::End)
}

/// The end of an answer that took so many tokens.
fn end(reason: &str, tokens: u64) -> String {
    let choice = json!({"index": 0, "delta": {}, "finish_reason": reason});
    let end = json!({"choices": [choice], "usage": {"prompt_tokens": tokens, "completion_tokens": tokens}});
    format!("data: {end}\n\ndata: [DONE]\n\n")
}

/// What follows the last frame.
enum After {
    End,
    Nothing,
    Cut,
}

/// The beginning of an answer: an object whose text goes on.
fn frame(text: &str) -> String {
    chunk(&json!({"content": format!("{{\"text\": \"{text}")}))
}

fn chunk(delta: &Value) -> String {
    let chunk =
        json!({"object": "chat.completion.chunk", "choices": [{"index": 0, "delta": delta, "finish_reason": null}]});
    format!("data: {chunk}\n\n")
}

fn events(frames: Vec<String>, after: After) -> Response {
    let frames = stream::iter(frames).map(|frame| Ok::<_, std::io::Error>(Bytes::from(frame)));
    let body = match after {
        After::End => Body::from_stream(frames),
        After::Nothing => Body::from_stream(frames.chain(stream::pending())),
        After::Cut => Body::from_stream(frames.chain(stream::iter([Err(std::io::ErrorKind::ConnectionReset.into())]))),
    };
    ([("content-type", "text/event-stream")], body).into_response()
}
