//! What a tool gives back becomes part of the run's log and of the model's prompt: so it is held to bounds.

use std::io::{self, Write};

use serde_json::Value;

use crate::error::WorkError;

/// The deepest nesting of a result. Messages are read to twice that, and the result stands deep within one.
const MAX_DEPTH: usize = 64;

/// The result, if it is no larger than `most` bytes of JSON and not nested too deeply. A call that changes something has
/// changed it by now, and its failure says so.
pub(super) fn bounded(result: Value, most: usize, changes: bool) -> Result<Value, WorkError> {
    let done = if changes { "the call was made, but " } else { "" };
    if is_deep(&result) {
        take_apart(result);
        let message = format!("{done}its result is nested more than {MAX_DEPTH} deep");
        return Err(WorkError::lasting("tool_result_too_deep", message));
    }
    if is_large(&result, most) {
        let message = format!("{done}its result has more than {most} bytes");
        return Err(WorkError::lasting("tool_result_too_large", message));
    }
    Ok(result)
}

/// Looks without recursion: what is nested deeply enough would otherwise take the worker's stack, and with it the worker.
fn is_deep(value: &Value) -> bool {
    let mut open = vec![(value, 1)];
    while let Some((value, depth)) = open.pop() {
        if depth > MAX_DEPTH && (value.is_array() || value.is_object()) {
            return true;
        }
        match value {
            Value::Array(items) => open.extend(items.iter().map(|item| (item, depth + 1))),
            Value::Object(fields) => open.extend(fields.values().map(|field| (field, depth + 1))),
            _ => {}
        }
    }
    false
}

/// Drops a value level by level, for the same reason.
fn take_apart(value: Value) {
    let mut open = vec![value];
    while let Some(value) = open.pop() {
        match value {
            Value::Array(items) => open.extend(items),
            Value::Object(fields) => open.extend(fields.into_iter().map(|(_, field)| field)),
            _ => {}
        }
    }
}

/// Whether a value has more bytes of JSON than that; it is written no further than it takes to know.
fn is_large(value: &Value, most: usize) -> bool {
    serde_json::to_writer(Room(most), value).is_err()
}

/// Takes so many bytes, and keeps none.
struct Room(usize);

impl Write for Room {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 = self.0.checked_sub(bytes.len()).ok_or(io::ErrorKind::StorageFull)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    fn nested(depth: usize) -> Value {
        (0..depth).fold(Value::Null, |inner, _| Value::Array(vec![inner]))
    }

    fn code(result: Value) -> Option<&'static str> {
        bounded(result, 1_000, false).err().map(|error| error.code)
    }

    #[test]
    fn a_huge_result_is_an_error() {
        assert_eq!(code(Value::from("x".repeat(998))), None);
        assert_eq!(code(Value::from("x".repeat(999))), Some("tool_result_too_large"));
        assert_eq!(code(Value::from("x".repeat(50 << 20))), Some("tool_result_too_large"));
    }

    #[test]
    fn a_result_that_is_nested_too_deeply_is_an_error_and_costs_no_stack() {
        assert_eq!(code(nested(MAX_DEPTH)), None);
        assert_eq!(code(nested(MAX_DEPTH + 1)), Some("tool_result_too_deep"));
        assert_eq!(code(nested(1_000_000)), Some("tool_result_too_deep"));
    }

    #[test]
    fn who_hears_of_it_hears_whether_the_call_was_made() {
        let message = |changes| bounded(nested(100), 100, changes).map_err(|error| error.message).unwrap_err();
        assert!(message(true).starts_with("the call was made") && !message(false).contains("was made"));
    }
}
