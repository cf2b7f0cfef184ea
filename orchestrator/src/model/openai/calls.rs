//! Puts the tool calls of a streamed answer together.

use serde::Deserialize;

use crate::model::{CallLimits, ModelError, ToolCall};

/// A piece of a tool call.
#[derive(Debug, Deserialize)]
pub(super) struct CallDelta {
    /// Which of the answer's calls this is a piece of; some servers leave it out or always say 0.
    index: Option<u64>,
    id: Option<String>,
    function: Option<FunctionDelta>,
}

#[derive(Debug, Deserialize)]
struct FunctionDelta {
    name: Option<String>,
    arguments: Option<String>,
}

/// The calls of an answer so far, within bounds.
#[derive(Debug)]
pub(super) struct Calls {
    limits: CallLimits,
    calls: Vec<(Option<u64>, ToolCall)>,
    bytes: usize,
}

impl Calls {
    pub(super) fn new(limits: CallLimits) -> Self {
        Self { limits, calls: Vec::new(), bytes: 0 }
    }

    /// Takes the next piece.
    ///
    /// # Errors
    /// [`ModelError::Garbage`] beyond the bounds.
    pub(super) fn push(&mut self, delta: CallDelta) -> Result<(), ModelError> {
        let id = delta.id.unwrap_or_default();
        let (name, arguments) = match delta.function {
            Some(function) => (function.name.unwrap_or_default(), function.arguments.unwrap_or_default()),
            None => Default::default(),
        };
        self.bytes += id.len() + name.len() + arguments.len();
        self.limits.check(self.calls.len(), self.bytes)?;
        let Some(call) = self.known(delta.index, &id, &name) else {
            self.calls.push((delta.index, ToolCall { id, name, arguments }));
            return self.limits.check(self.calls.len(), self.bytes);
        };
        if call.id.is_empty() {
            call.id = id;
        }
        // Some servers repeat the whole name in each piece.
        if call.name != name {
            call.name.push_str(&name);
        }
        call.arguments.push_str(&arguments);
        Ok(())
    }

    /// The calls, in the order in which they began.
    pub(super) fn take(&mut self) -> Vec<ToolCall> {
        std::mem::take(&mut self.calls).into_iter().map(|(_, call)| call).collect()
    }

    /// The call that a piece belongs to; `None` where it begins another one.
    fn known(&mut self, index: Option<u64>, id: &str, name: &str) -> Option<&mut ToolCall> {
        let (_, call) = match index {
            Some(_) => self.calls.iter_mut().rev().find(|(known, _)| *known == index)?,
            None if id.is_empty() && name.is_empty() => self.calls.last_mut()?,
            None => self.calls.last_mut().filter(|(_, call)| !id.is_empty() && call.id == id)?,
        };
        let other = !id.is_empty() && !call.id.is_empty() && call.id != id;
        (!other).then_some(call)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use serde_json::{Value, json};

    use super::*;

    fn read(deltas: &[Value]) -> Result<Vec<(String, String, String)>, ModelError> {
        let mut calls = Calls::new(CallLimits { calls: 10, bytes: 1_000 });
        for delta in deltas {
            calls.push(serde_json::from_value(delta.clone()).unwrap())?;
        }
        Ok(calls.take().into_iter().map(|call| (call.id, call.name, call.arguments)).collect())
    }

    fn call(id: &str, name: &str, arguments: &str) -> (String, String, String) {
        (id.to_owned(), name.to_owned(), arguments.to_owned())
    }

    #[test]
    fn pieces_of_several_calls_may_come_in_any_order() {
        let read = read(&[
            json!({"index": 0, "id": "a", "type": "function", "function": {"name": "x", "arguments": ""}}),
            json!({"index": 1, "id": "b", "function": {"name": "y", "arguments": "{\"q\":"}}),
            json!({"index": 0, "function": {"arguments": "{}"}}),
            json!({"index": 1, "function": {"arguments": "1}"}}),
        ]);
        assert_eq!(read.unwrap(), [call("a", "x", "{}"), call("b", "y", "{\"q\":1}")]);
    }

    #[test]
    fn servers_that_do_not_count_are_understood() {
        let whole =
            |id: &str, index: Value| json!({"index": index, "id": id, "function": {"name": "x", "arguments": "{}"}});
        let two = [call("a", "x", "{}"), call("b", "x", "{}")];
        assert_eq!(read(&[whole("a", json!(0)), whole("b", json!(0))]).unwrap(), two);
        assert_eq!(read(&[whole("a", json!(null)), whole("b", json!(null))]).unwrap(), two);
        let pieces = [json!({"id": "a", "function": {"name": "x"}}), json!({"function": {"arguments": "{}"}})];
        assert_eq!(read(&pieces).unwrap(), [call("a", "x", "{}")]);
        let repeated =
            [whole("a", json!(3)), json!({"index": 3, "id": "a", "function": {"name": "x", "arguments": " "}})];
        assert_eq!(read(&repeated).unwrap(), [call("a", "x", "{} ")]);
    }

    #[test]
    fn more_than_the_bounds_is_garbage() {
        let many: Vec<Value> = (0..11).map(|index| json!({"index": index})).collect();
        let large = vec![json!({"index": 0, "function": {"arguments": "x".repeat(400)}}); 3];
        for deltas in [many, large] {
            assert_eq!(read(&deltas).unwrap_err().code(), "model_garbage");
        }
        for delta in [json!({"index": -1}), json!({"function": {"name": 7}}), json!({"function": {"arguments": {}}})] {
            assert!(serde_json::from_value::<CallDelta>(delta).is_err());
        }
    }
}
