//! What a client of AG-UI posts.

use std::fmt;

use sba_subjects::{
    id::{AskId, RunId},
    run::AskKind,
};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};
use utoipa::ToSchema;

/// The input of a run, as AG-UI defines it. What SBA has no use for is passed over.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({
    "threadId": "thread-1", "runId": "run-1", "state": {}, "tools": [], "context": [], "forwardedProps": {},
    "messages": [{"id": "m1", "role": "user", "content": "Create a task to pay the invoice of Acme."}],
}))]
pub(crate) struct RunAgentInput {
    /// The conversation, as the client names it.
    pub(crate) thread_id: String,
    /// The run, as the client names it: the same again is the same run.
    pub(crate) run_id: String,
    /// The state that the client has; SBA adds `sba` to it.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub(crate) state: Value,
    /// What was said so far; the last message of the user is what is asked.
    #[serde(default)]
    #[schema(value_type = Vec<Object>)]
    pub(crate) messages: Vec<Value>,
    /// What the model is to know besides.
    #[serde(default)]
    context: Vec<Context>,
    /// `sba.workflow` and `sba.options`, as `POST /api/v1/runs` takes them; `agentic` where no workflow is named.
    #[serde(default)]
    #[schema(value_type = Object)]
    forwarded_props: Value,
    /// The answers to what the run before asked.
    #[serde(default)]
    pub(crate) resume: Vec<Resume>,
}

/// Something that the model is to know.
#[derive(Debug, Deserialize, ToSchema)]
struct Context {
    #[serde(default)]
    description: String,
    #[serde(default)]
    value: String,
}

/// An answer.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Resume {
    /// What is answered.
    pub(crate) interrupt_id: String,
    /// Whether it is answered, or nobody wants to.
    pub(crate) status: ResumeStatus,
    /// The answer.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub(crate) payload: Value,
}

/// How a question was settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ResumeStatus {
    Resolved,
    Cancelled,
}

impl RunAgentInput {
    /// The key under which the run is started: the same for the same thread and run.
    pub(crate) fn key(&self) -> String {
        let named = format!("{}\0{}", self.thread_id, self.run_id);
        format!("ag-ui.{}", data_encoding::HEXLOWER.encode(&Sha256::digest(named)))
    }

    /// The body of `POST /api/v1/runs` that this input stands for.
    pub(crate) fn request(&self) -> Value {
        let wishes = self.forwarded_props.get("sba");
        let wish = |name: &str| wishes.and_then(|wishes| wishes.get(name)).filter(|wish| !wish.is_null()).cloned();
        let mut request = Map::new();
        request.insert("prompt".to_owned(), self.prompt().into());
        request.insert("workflow".to_owned(), wish("workflow").unwrap_or_else(|| json!("agentic")));
        request.extend(wish("options").map(|options| ("options".to_owned(), options)));
        Value::Object(request)
    }

    /// What is asked: the last message of the user, behind what was said before it. A report is looked up by its question, so
    /// there it stands alone.
    fn prompt(&self) -> String {
        let last = self.messages.iter().rposition(|message| role(message) == "user");
        let asked = last.map(|at| text(&self.messages[at])).unwrap_or_default();
        let alone = self.forwarded_props.pointer("/sba/workflow").is_some_and(|workflow| workflow == "render");
        let told = self.context.iter().map(|told| format!("{}: {}", told.description, told.value));
        let before = self.messages[..last.unwrap_or_default()].iter().filter_map(|message| {
            let said = text(message);
            (matches!(role(message), "user" | "assistant") && !said.is_empty())
                .then(|| format!("{}: {said}", role(message)))
        });
        let before: Vec<String> = told.chain(before).collect();
        if alone || before.is_empty() { asked } else { format!("{}\n\n{asked}", before.join("\n")) }
    }
}

fn role(message: &Value) -> &str {
    message.get("role").and_then(Value::as_str).unwrap_or_default()
}

/// The text of a message, whose content is text or a list of parts.
fn text(message: &Value) -> String {
    match message.get("content") {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(parts)) => {
            let texts = parts.iter().filter_map(|part| part.get("text").and_then(Value::as_str));
            texts.collect::<Vec<_>>().join("\n")
        }
        _ => String::new(),
    }
}

/// What an interrupt's id says: a run, where its log stood when it asked, and what it asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Asks {
    pub(crate) run: RunId,
    pub(crate) seq: u64,
    pub(crate) kind: AskKind,
    pub(crate) ask: AskId,
}

impl Asks {
    /// Reads the id of an interrupt.
    pub(crate) fn parse(id: &str) -> Option<Self> {
        let mut parts = id.split('.');
        let (run, seq, kind, ask) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let (run, seq) = (run.parse().ok()?, seq.parse().ok()?);
        let asks = Self { run, seq, kind: kind.parse().ok()?, ask: ask.parse().ok()? };
        parts.next().is_none().then_some(asks)
    }
}

impl fmt::Display for Asks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}.{}", self.run, self.seq, self.kind, self.ask)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use uuid::Uuid;

    use super::*;

    fn input(more: Value) -> RunAgentInput {
        let mut whole = json!({"threadId": "t", "runId": "r", "state": {}, "tools": [], "context": []});
        whole.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        serde_json::from_value(whole).unwrap()
    }

    #[test]
    fn the_last_question_is_asked_behind_what_was_said() {
        let messages = json!([
            {"id": "1", "role": "user", "content": "Hello."},
            {"id": "2", "role": "assistant", "content": "How can I help?"},
            {"id": "3", "role": "tool", "content": "{}", "toolCallId": "c"},
            {"id": "4", "role": "user", "content": [{"type": "text", "text": "Pay Acme."}, {"type": "image"}]},
        ]);
        let context = json!([{"description": "Today", "value": "Monday"}]);
        let asked = input(json!({"messages": messages, "context": context}));
        let expected = "Today: Monday\nuser: Hello.\nassistant: How can I help?\n\nPay Acme.";
        assert_eq!(asked.request(), json!({"prompt": expected, "workflow": "agentic"}));
        let wishes = json!({"sba": {"workflow": "render", "options": {"top_k": 3}}});
        let asked = input(json!({"messages": messages, "forwardedProps": wishes}));
        let expected = json!({"prompt": "Pay Acme.", "workflow": "render", "options": {"top_k": 3}});
        assert_eq!(asked.request(), expected);
        assert_eq!(input(json!({})).request()["prompt"], "", "which is refused like any blank prompt");
    }

    #[test]
    fn a_key_names_one_run_of_one_thread() {
        let key = |thread: &str, run: &str| input(json!({"threadId": thread, "runId": run})).key();
        assert_eq!(key("a", "b"), key("a", "b"));
        assert_ne!(key("a", "b"), key("ab", ""));
        assert!(key("ü\n", "").bytes().all(|byte| byte.is_ascii_graphic()));
    }

    #[test]
    fn the_id_of_an_interrupt_is_read_back() {
        let (run, ask) = (RunId::from_uuid(Uuid::from_u128(7)), AskId::from_uuid(Uuid::from_u128(9)));
        let asks = Asks { run, seq: 12, kind: AskKind::Approval, ask };
        assert_eq!(Asks::parse(&asks.to_string()), Some(asks));
        for id in
            ["", "x", "1.2.3", &format!("{asks}.1"), &format!("{run}.-1.question.{ask}"), &format!("{run}.1.x.{ask}")]
        {
            assert_eq!(Asks::parse(id), None, "{id}");
        }
    }
}
