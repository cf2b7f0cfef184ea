//! The messages of a client's run: those that are being written, and all that it has.

use std::collections::BTreeMap;

use sba_subjects::envelope::Envelope;
use serde_json::{Value, json};

/// What a client names the text of a step in one attempt.
pub(super) fn message_id(event: &Envelope) -> String {
    format!("{}:{}:{}", event.run, event.step.unwrap_or_default(), event.attempt)
}

/// The messages that the client has, as far as they are needed to say them again when some are void.
#[derive(Debug)]
pub(super) struct Messages {
    all: Vec<Value>,
    /// Whether what is said now is new to the client.
    kept: bool,
    /// Messages that are being written, by step.
    open: BTreeMap<u32, String>,
    /// Messages by step.
    said: BTreeMap<u32, Vec<String>>,
}

impl Messages {
    /// Those that the client has from before.
    pub(super) const fn new(all: Vec<Value>) -> Self {
        Self { all, kept: false, open: BTreeMap::new(), said: BTreeMap::new() }
    }

    /// Whether what is said from now on is new to the client.
    pub(super) const fn keep(&mut self, kept: bool) {
        self.kept = kept;
    }

    /// Text of a step.
    pub(super) fn say(&mut self, step: u32, id: &str, text: &str) -> Vec<Value> {
        let mut events = Vec::new();
        if self.open.get(&step).is_none_or(|open| open != id) {
            events.extend(self.end(step));
            self.open.insert(step, id.to_owned());
            self.said.entry(step).or_default().push(id.to_owned());
            events.push(json!({"type": "TEXT_MESSAGE_START", "messageId": id, "role": "assistant"}));
            self.add(json!({"id": id, "role": "assistant", "content": ""}));
        }
        if let Some(Value::String(content)) =
            self.all.iter_mut().rev().find(|all| all["id"] == id).map(|all| &mut all["content"])
        {
            content.push_str(text);
        }
        events.push(json!({"type": "TEXT_MESSAGE_CONTENT", "messageId": id, "delta": text}));
        events
    }

    /// Whether anything was said in a step.
    pub(super) fn said_in(&self, step: u32) -> bool {
        self.said.get(&step).is_some_and(|said| !said.is_empty())
    }

    /// Ends the message that a step writes.
    pub(super) fn end(&mut self, step: u32) -> Option<Value> {
        self.open.remove(&step).map(|id| json!({"type": "TEXT_MESSAGE_END", "messageId": id}))
    }

    /// Ends every message that is being written.
    pub(super) fn end_all(&mut self) -> Vec<Value> {
        let open = std::mem::take(&mut self.open);
        open.into_values().map(|id| json!({"type": "TEXT_MESSAGE_END", "messageId": id})).collect()
    }

    /// What was said in a step is void: the client gets all messages but those.
    pub(super) fn void(&mut self, step: u32) -> Vec<Value> {
        let mut events: Vec<Value> = self.end(step).into_iter().collect();
        let said = self.said.remove(&step).unwrap_or_default();
        if !said.is_empty() {
            self.all.retain(|message| !said.iter().any(|id| message["id"] == id.as_str()));
            events.push(json!({"type": "MESSAGES_SNAPSHOT", "messages": self.all}));
        }
        events
    }

    /// A tool was called.
    pub(super) fn called(&mut self, call: &Value, tool: &Value, arguments: &str) {
        let function = json!({"name": tool, "arguments": arguments});
        let calls = json!([{"id": call, "type": "function", "function": function}]);
        self.add(json!({"id": call, "role": "assistant", "toolCalls": calls}));
    }

    /// A tool answered.
    pub(super) fn answered(&mut self, id: &str, call: &Value, content: &str) {
        self.add(json!({"id": id, "role": "tool", "toolCallId": call, "content": content}));
    }

    fn add(&mut self, message: Value) {
        if self.kept {
            self.all.push(message);
        }
    }
}
