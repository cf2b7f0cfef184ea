//! A model server that does what the prompt says: an endpoint for chat completions whose answers a test writes.
//!
//! A prompt has a [`Script`] somewhere in it, as JSON. For each turn of the model it says what the model says, how fast,
//! and which tools it asks for. After its turns, and without a script, the model says [`LAST_WORDS`].

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use anyhow::Context as _;
use axum::{
    Json, Router,
    body::Body,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::post,
};
use futures::{StreamExt as _, stream};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinHandle};

/// What the model says when nothing else is asked of it.
pub const LAST_WORDS: &str = "That is all.";
/// Most requests that are remembered.
const REMEMBERED: usize = 4_096;

/// What a model does, turn by turn.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Script {
    /// Its turns, from the first.
    pub turns: Vec<Turn>,
}

/// One answer of the model.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Turn {
    /// What it says, a word at a time.
    pub say: String,
    /// Pause before each word, in milliseconds.
    pub pause_ms: u64,
    /// The tools that it asks for then.
    pub calls: Vec<Call>,
    /// A status to refuse with instead.
    pub refuse: Option<u16>,
}

/// A tool that the model asks for.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Call {
    /// Its name.
    pub name: String,
    /// Its arguments; text is sent as it is, whatever it is.
    pub arguments: Value,
    /// How many such calls; `#` in the arguments is the number of the call, from 1.
    pub times: Option<usize>,
}

impl Turn {
    /// Words, without a pause.
    pub fn says(text: impl Into<String>) -> Self {
        Self { say: text.into(), ..Self::default() }
    }

    /// Words, each after so many milliseconds.
    pub fn slowly(text: impl Into<String>, pause_ms: u64) -> Self {
        Self { say: text.into(), pause_ms, ..Self::default() }
    }

    /// Tool calls.
    #[must_use]
    pub fn calls<const N: usize>(calls: [(&str, Value); N]) -> Self {
        let call = |(name, arguments): (&str, Value)| Call { name: name.to_owned(), arguments, times: None };
        Self { calls: calls.into_iter().map(call).collect(), ..Self::default() }
    }
}

/// A prompt that has the model do this, and that begins with `word`.
#[must_use]
pub fn prompt(word: &str, turns: impl IntoIterator<Item = Turn>) -> String {
    format!("{word} {}", json!(Script { turns: turns.into_iter().collect() }))
}

/// The server, in this process. It ends when it is dropped.
#[derive(Debug)]
pub struct ModelServer {
    address: String,
    seen: Arc<Seen>,
    serving: JoinHandle<()>,
}

#[derive(Debug, Default)]
struct Seen {
    asked: Mutex<VecDeque<Value>>,
    speaking: AtomicUsize,
}

impl ModelServer {
    /// Starts it on a free port.
    ///
    /// # Errors
    /// When no port can be had.
    pub async fn start() -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await.context("no port for the model")?;
        let address = listener.local_addr()?.to_string();
        let seen = Arc::new(Seen::default());
        let router = Router::new().route("/v1/chat/completions", post(answer)).with_state(seen.clone());
        let serving = tokio::spawn(async move { drop(axum::serve(listener, router).await) });
        Ok(Self { address, seen, serving })
    }

    /// Where it listens, e.g. `127.0.0.1:40123`.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The configuration that has SBA call it, there or through a proxy.
    #[must_use]
    pub fn settings(at: impl std::fmt::Display) -> Value {
        json!({"model": {"provider": "openai", "base_url": format!("http://{at}/v1/"), "name": "scripted"}})
    }

    /// The requests of the run whose prompt begins with this word, oldest first.
    #[must_use]
    pub fn asked(&self, word: &str) -> Vec<Value> {
        let asked = self.seen.asked.lock().unwrap_or_else(PoisonError::into_inner);
        asked.iter().filter(|request| asks(request).split(' ').next() == Some(word)).cloned().collect()
    }

    /// How many answers are on their way now.
    #[must_use]
    pub fn speaking(&self) -> usize {
        self.seen.speaking.load(Ordering::SeqCst)
    }
}

impl Drop for ModelServer {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// An answer on its way. Whoever closes the connection drops it.
struct Speaking(Arc<Seen>);

impl Speaking {
    fn begin(seen: Arc<Seen>) -> Self {
        seen.speaking.fetch_add(1, Ordering::SeqCst);
        Self(seen)
    }
}

impl Drop for Speaking {
    fn drop(&mut self) {
        self.0.speaking.fetch_sub(1, Ordering::SeqCst);
    }
}

async fn answer(State(seen): State<Arc<Seen>>, Json(request): Json<Value>) -> Response {
    {
        let mut asked = seen.asked.lock().unwrap_or_else(PoisonError::into_inner);
        if asked.len() == REMEMBERED {
            asked.pop_front();
        }
        asked.push_back(request.clone());
    }
    let turn = turn(&request);
    if let Some(status) = turn.refuse.and_then(|status| StatusCode::from_u16(status).ok()) {
        return (status, "as the script says").into_response();
    }
    let speaking = Speaking::begin(seen);
    let pause = Duration::from_millis(turn.pause_ms);
    let frames = frames(&request, &turn).into_iter().map(move |(frame, word)| (frame, word && !pause.is_zero()));
    let body = stream::iter(frames).then(move |(frame, waits)| {
        let _ = &speaking;
        async move {
            if waits {
                tokio::time::sleep(pause).await;
            }
            Ok::<_, std::convert::Infallible>(frame)
        }
    });
    ([("content-type", "text/event-stream")], Body::from_stream(body)).into_response()
}

/// The events of an answer, each with whether it is a word.
fn frames(request: &Value, turn: &Turn) -> Vec<(String, bool)> {
    let calls: Vec<Value> = turn.calls.iter().flat_map(asked_for).enumerate().map(numbered).collect();
    let words = words(request, turn);
    let usage = json!({
        "prompt_tokens": request.to_string().len() / 4,
        "completion_tokens": words.len() + calls.len(),
        "total_tokens": request.to_string().len() / 4 + words.len() + calls.len(),
    });
    let mut frames: Vec<(String, bool)> =
        words.into_iter().map(|word| (chunk(&json!({"content": word})), true)).collect();
    let finish = if calls.is_empty() { "stop" } else { "tool_calls" };
    frames.extend(calls.into_iter().map(|call| (chunk(&json!({"tool_calls": [call]})), false)));
    let end = json!({"choices": [{"index": 0, "delta": {}, "finish_reason": finish}], "usage": usage});
    frames.push((format!("data: {end}\n\ndata: [DONE]\n\n"), false));
    frames
}

fn chunk(delta: &Value) -> String {
    let chunk =
        json!({"object": "chat.completion.chunk", "choices": [{"index": 0, "delta": delta, "finish_reason": null}]});
    format!("data: {chunk}\n\n")
}

/// What is said, in pieces: words, or an object where the request wants one.
fn words(request: &Value, turn: &Turn) -> Vec<String> {
    let words: Vec<String> = turn.say.split_inclusive(' ').map(str::to_owned).collect();
    let Some(schema) = request.pointer("/response_format/json_schema/schema/properties") else { return words };
    let field = schema.as_object().and_then(|fields| fields.keys().next().cloned()).unwrap_or_default();
    let quoted = words.into_iter().map(|word| {
        let quoted = Value::from(word).to_string();
        quoted[1..quoted.len() - 1].to_owned()
    });
    std::iter::once(format!("{{{}: \"", Value::from(field))).chain(quoted).chain(["\"}".to_owned()]).collect()
}

fn asked_for(call: &Call) -> Vec<(String, String)> {
    let arguments = match &call.arguments {
        Value::String(text) => text.clone(),
        arguments => arguments.to_string(),
    };
    (1..=call.times.unwrap_or(1))
        .map(|number| (call.name.clone(), arguments.replace('#', &number.to_string())))
        .collect()
}

fn numbered((index, (name, arguments)): (usize, (String, String))) -> Value {
    let function = json!({"name": name, "arguments": arguments});
    json!({"index": index, "id": format!("call_{index}"), "type": "function", "function": function})
}

/// What the script says of the turn that the conversation has come to.
fn turn(request: &Value) -> Turn {
    let prompt = asks(request);
    let script = prompt.find("{\"turns\"").and_then(|at| {
        serde_json::Deserializer::from_str(&prompt[at..]).into_iter::<Script>().next().and_then(Result::ok)
    });
    let messages = request["messages"].as_array();
    let said = messages.map_or(0, |all| all.iter().filter(|message| message["role"] == "assistant").count());
    script.and_then(|script| script.turns.into_iter().nth(said)).unwrap_or_else(|| Turn::says(LAST_WORDS))
}

/// What the user asks for.
fn asks(request: &Value) -> &str {
    let messages = request["messages"].as_array().map(Vec::as_slice).unwrap_or_default();
    let user = messages.iter().find(|message| message["role"] == "user");
    user.and_then(|message| message["content"].as_str()).unwrap_or_default()
}
