//! A provider that answers from a script: for tests and load, where the text, the pace and the
//! failures have to be known beforehand.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use futures::{StreamExt, stream};

use super::calls::ending;
use super::{Finish, Message, Model, ModelChunk, ModelError, ModelRequest, ModelStream, OutputSchema, ToolCall, Usage};

/// What a [`Scripted`] model says and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Script {
    /// The answer to every call; a token is a word with the white space before it.
    pub text: String,
    /// The tools that a conversation with tools asks for, turn by turn of the model: names and arguments. Where a turn
    /// has none, and after all of them, the text is said.
    pub calls: Vec<Vec<(String, String)>>,
    /// Pause before the first token.
    pub first_token_delay: Duration,
    /// Pause before each later token.
    pub token_delay: Duration,
    /// Whether usage is reported; otherwise the caller sees an estimate.
    pub reports_usage: bool,
    /// What goes wrong, if anything.
    pub fault: Option<Fault>,
}

impl Script {
    /// Says `text` without pauses or faults, and reports usage.
    pub fn new(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            calls: Vec::new(),
            first_token_delay: Duration::ZERO,
            token_delay: Duration::ZERO,
            reports_usage: true,
            fault: None,
        }
    }

    /// The same script with tool calls.
    #[must_use]
    pub fn with_calls(self, calls: Vec<Vec<(String, String)>>) -> Self {
        Self { calls, ..self }
    }

    /// The same script with a fault.
    #[must_use]
    pub fn with_fault(self, fault: Fault) -> Self {
        Self { fault: Some(fault), ..self }
    }
}

/// A failure to act out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault {
    /// What happens.
    pub kind: FaultKind,
    /// For faults inside an answer: how many tokens come before it.
    pub after_tokens: usize,
    /// How many calls fail before the model works; `None` fails every call.
    pub calls: Option<u64>,
}

/// The kinds of [`Fault`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultKind {
    /// The call fails as if nobody listened.
    Unreachable,
    /// The call is refused, to be tried again after this long.
    RateLimited(Duration),
    /// The call is refused with this status.
    Refused(u16),
    /// The answer turns unreadable.
    Garbage,
    /// The answer stops coming and never ends.
    Stall,
    /// The connection closes before the answer's end.
    Cut,
}

/// A model that follows a [`Script`]. Only a [`super::Guarded`] one ends a stall or a cut.
#[derive(Debug)]
pub struct Scripted {
    script: Script,
    calls: AtomicU64,
}

impl Scripted {
    /// A model that follows `script`.
    #[must_use]
    pub fn new(script: Script) -> Self {
        Self { script, calls: AtomicU64::new(0) }
    }

    /// How many calls it was given so far.
    #[must_use]
    pub fn calls(&self) -> u64 {
        self.calls.load(Ordering::Relaxed)
    }

    fn fault_of_call(&self) -> Option<Fault> {
        let earlier = self.calls.fetch_add(1, Ordering::Relaxed);
        self.script.fault.filter(|fault| fault.calls.is_none_or(|calls| earlier < calls))
    }

    /// The chunks of a whole answer to `request`.
    fn answer(&self, request: &ModelRequest) -> Vec<Result<ModelChunk, ModelError>> {
        let calls = self.calls_for(request);
        let mut tokens = match request.schema.as_ref() {
            _ if !calls.is_empty() => Vec::new(),
            Some(schema) => json_tokens(&self.script.text, schema),
            None => words(&self.script.text).map(str::to_owned).collect(),
        };
        let allowed = request.max_output_tokens as usize;
        let finish = if tokens.len() > allowed { Finish::Length } else { Finish::Stop };
        tokens.truncate(allowed);
        let usage = Usage {
            input_tokens: request.text_bytes().div_ceil(4) as u64,
            output_tokens: (tokens.len() + calls.len()) as u64,
            reported: true,
        };
        let usage = if self.script.reports_usage { usage } else { Usage::default() };
        tokens.into_iter().map(ModelChunk::Text).chain(ending(calls, usage, finish)).map(Ok).collect()
    }

    /// The calls of the turn that the conversation has come to.
    fn calls_for(&self, request: &ModelRequest) -> Vec<ToolCall> {
        let turn = request.messages.iter().filter(|message| matches!(message, Message::Assistant { .. })).count();
        let calls = self.script.calls.get(turn).filter(|_| !request.tools.is_empty());
        let call = |(index, (name, arguments)): (usize, &(String, String))| ToolCall {
            id: format!("scripted_{turn}_{index}"),
            name: name.clone(),
            arguments: arguments.clone(),
        };
        calls.into_iter().flatten().enumerate().map(call).collect()
    }
}

#[async_trait]
impl Model for Scripted {
    async fn stream(&self, request: ModelRequest) -> Result<ModelStream, ModelError> {
        let fault = self.fault_of_call();
        let mut chunks = self.answer(&request);
        let mut stalls = false;
        if let Some(Fault { kind, after_tokens, .. }) = fault {
            if let Some(refusal) = refusal(kind) {
                return Err(refusal);
            }
            chunks.truncate(after_tokens.min(chunks.len() - 1));
            match kind {
                FaultKind::Garbage => chunks.push(Err(ModelError::garbage("scripted"))),
                FaultKind::Stall => stalls = true,
                _ => {}
            }
        }
        let spoken = paced(chunks, self.script.first_token_delay, self.script.token_delay);
        Ok(if stalls { spoken.chain(stream::pending()).boxed() } else { spoken })
    }
}

/// The error of a fault that comes before the answer begins.
fn refusal(kind: FaultKind) -> Option<ModelError> {
    match kind {
        FaultKind::Unreachable => Some(ModelError::unreachable("scripted")),
        FaultKind::RateLimited(wait) => Some(ModelError::RateLimited { retry_after: Some(wait) }),
        FaultKind::Refused(status) => Some(ModelError::from_status(status, "scripted", None)),
        FaultKind::Garbage | FaultKind::Stall | FaultKind::Cut => None,
    }
}

fn paced(chunks: Vec<Result<ModelChunk, ModelError>>, first: Duration, later: Duration) -> ModelStream {
    let spoken = stream::iter(chunks);
    // Without a pause no timer is touched: load tests measure SBA, not the script.
    if first.is_zero() && later.is_zero() {
        return spoken.boxed();
    }
    spoken
        .enumerate()
        .then(move |(index, chunk)| async move {
            let pause = if index == 0 { first } else { later };
            if matches!(chunk, Ok(ModelChunk::Text(_) | ModelChunk::Call(_))) && !pause.is_zero() {
                tokio::time::sleep(pause).await;
            }
            chunk
        })
        .boxed()
}

/// Splits a text into words, each with the white space before it; together they are the text.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let word = rest.find(|c: char| !c.is_whitespace()).unwrap_or(rest.len());
        let end = rest[word..].find(char::is_whitespace).map_or(rest.len(), |space| word + space);
        let (token, tail) = rest.split_at(end);
        rest = tail;
        (!token.is_empty()).then_some(token)
    })
}

/// The text as the object that `schema` asks for, in the schema's first property.
fn json_tokens(text: &str, schema: &OutputSchema) -> Vec<String> {
    let properties = schema.json.get("properties").and_then(serde_json::Value::as_object);
    let field = properties.and_then(|fields| fields.keys().next()).map_or("text", String::as_str);
    let open = format!("{{{}:\"", escaped(field));
    let pieces = words(text).map(|word| {
        let quoted = escaped(word);
        quoted[1..quoted.len() - 1].to_owned()
    });
    std::iter::once(open).chain(pieces).chain(["\"}".to_owned()]).collect()
}

/// `text` as a JSON string, quotes included.
fn escaped(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests;
