//! What the tool calls of every provider have in common: their bounds, their ids, and how they end an answer.

use std::collections::{HashSet, VecDeque};

use serde_json::{Map, Value};

use super::{Finish, Message, ModelChunk, ModelError, ToolCall, Usage};

/// The longest name of a tool and the longest id that all providers take back.
const MAX_NAME_BYTES: usize = 64;

/// How much one answer may ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CallLimits {
    /// Tool calls.
    pub calls: usize,
    /// Bytes of names, ids and arguments of all calls together.
    pub bytes: usize,
}

impl CallLimits {
    /// Far more than any honest answer has: what a run may make of it has limits of its own.
    pub const WIDE: Self = Self { calls: 1_000, bytes: 1024 * 1024 };

    /// Checks the number and the size of the calls so far.
    pub(super) fn check(&self, calls: usize, bytes: usize) -> Result<(), ModelError> {
        if calls > self.calls {
            return Err(ModelError::garbage(format_args!("more than {} tool calls", self.calls)));
        }
        if bytes > self.bytes {
            return Err(ModelError::garbage(format_args!("tool calls of more than {} bytes", self.bytes)));
        }
        Ok(())
    }
}

impl ToolCall {
    /// Bytes that the call takes.
    pub(super) fn bytes(&self) -> usize {
        self.id.len() + self.name.len() + self.arguments.len()
    }

    /// The arguments as the object that providers expect of an earlier turn, whatever the model wrote.
    pub(super) fn object(&self) -> Map<String, Value> {
        match serde_json::from_str(&self.arguments) {
            Ok(Value::Object(members)) => members,
            Ok(other) => Map::from_iter([("arguments".to_owned(), other)]),
            Err(_) => Map::from_iter([("arguments".to_owned(), Value::from(self.arguments.as_str()))]),
        }
    }
}

/// The last chunks of an answer: its calls, then its end. A call whose arguments were cut off is no call.
pub(super) fn ending(calls: Vec<ToolCall>, usage: Usage, finish: Finish) -> VecDeque<ModelChunk> {
    let whole = |call: &ToolCall| !finish.is_early() || serde_json::from_str::<Value>(&call.arguments).is_ok();
    calls.into_iter().filter(whole).map(ModelChunk::Call).chain([ModelChunk::End { usage, finish }]).collect()
}

/// Gives the calls of one answer names and ids that every provider takes back in a later turn.
#[derive(Debug)]
pub(super) struct Names {
    turn: usize,
    given: usize,
    taken: HashSet<String>,
}

impl Names {
    /// For an answer to `messages`, whose ids are taken.
    pub(super) fn after(messages: &[Message]) -> Self {
        let mut taken = HashSet::new();
        let mut turn = 0;
        for message in messages {
            if let Message::Assistant { calls, .. } = message {
                turn += 1;
                taken.extend(calls.iter().map(|call| call.id.clone()));
            }
        }
        Self { turn, given: 0, taken }
    }

    /// The call with a usable name, an id that no other call of the conversation has, and arguments that are not empty.
    ///
    /// # Errors
    /// [`ModelError::Garbage`] for a call without a name.
    pub(super) fn tidy(&mut self, call: ToolCall) -> Result<ToolCall, ModelError> {
        let ToolCall { id, name, arguments } = call;
        if name.trim().is_empty() {
            return Err(ModelError::garbage("a tool call without a name"));
        }
        let name = name.trim().chars().take(MAX_NAME_BYTES).map(|c| if plain(c) { c } else { '_' }).collect();
        let usable = !id.is_empty() && id.len() <= MAX_NAME_BYTES && id.chars().all(plain);
        let id = if usable && !self.taken.contains(&id) { id } else { self.new_id() };
        self.taken.insert(id.clone());
        let arguments = if arguments.trim().is_empty() { "{}".to_owned() } else { arguments };
        Ok(ToolCall { id, name, arguments })
    }

    /// The same answer gets the same ids each time, so that a repeated turn is recognised.
    fn new_id(&mut self) -> String {
        loop {
            let id = format!("call_{}_{}", self.turn, self.given);
            self.given += 1;
            if !self.taken.contains(&id) {
                return id;
            }
        }
    }
}

/// The characters of names and ids that all providers take.
fn plain(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '-')
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use serde_json::json;

    use super::*;

    fn call(id: &str, name: &str, arguments: &str) -> ToolCall {
        ToolCall { id: id.into(), name: name.into(), arguments: arguments.into() }
    }

    #[test]
    fn ids_are_unique_within_the_conversation_and_usable_everywhere() {
        let said =
            Message::Assistant { text: String::new(), calls: vec![call("a", "x", "{}"), call("call_1_0", "x", "")] };
        let mut names = Names::after(&[Message::user("Hi"), said]);
        let mut id = |id: &str| names.tidy(call(id, "x", "{}")).unwrap().id;
        assert_eq!(id("b-1"), "b-1");
        assert_eq!(id("b-1"), "call_1_1");
        assert_eq!(id("a"), "call_1_2");
        assert_eq!(id(""), "call_1_3");
        assert_eq!(id("a b\"\n"), "call_1_4");
        assert_eq!(id(&"x".repeat(10_000)), "call_1_5");
    }

    #[test]
    fn names_are_what_providers_take_back_and_arguments_are_never_empty() {
        let mut names = Names::after(&[]);
        let tidy = names.tidy(call("", " Task: löschen!\n", " ")).unwrap();
        assert_eq!((tidy.name.as_str(), tidy.arguments.as_str()), ("Task__l_schen_", "{}"));
        assert_eq!(names.tidy(call("", &"n".repeat(1_000), "{}")).unwrap().name.len(), MAX_NAME_BYTES);
        assert_eq!(names.tidy(call("a", "\n", "{}")).unwrap_err().code(), "model_garbage");
    }

    #[test]
    fn arguments_of_earlier_turns_are_objects() {
        let object = |arguments| Value::Object(call("a", "x", arguments).object());
        assert_eq!(object("{\"a\":1}"), json!({"a": 1}));
        assert_eq!(object("[1]"), json!({"arguments": [1]}));
        assert_eq!(object("{\"a\":"), json!({"arguments": "{\"a\":"}));
    }

    #[test]
    fn a_call_that_was_cut_off_is_none() {
        let calls = vec![call("a", "x", "{}"), call("b", "x", "{\"a\": \"hal")];
        assert_eq!(ending(calls.clone(), Usage::default(), Finish::Length).len(), 2);
        assert_eq!(ending(calls, Usage::default(), Finish::Stop).len(), 3);
    }
}
