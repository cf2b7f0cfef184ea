//! Bringing what others wrote into a form that Postgres stores.

use serde_json::Value;

/// Replaces the one character that Postgres cannot hold in a text. The number of characters stays, so
/// offsets stay right.
pub(crate) fn clean(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

/// The same for every string and key of a JSON value.
pub(crate) fn clean_json(value: &Value) -> Value {
    match value {
        Value::String(text) => Value::String(clean(text)),
        Value::Array(items) => Value::Array(items.iter().map(clean_json).collect()),
        Value::Object(fields) => Value::Object(fields.iter().map(|(k, v)| (clean(k), clean_json(v))).collect()),
        plain => plain.clone(),
    }
}

/// A count for a `bigint` column. What does not fit is no real count, so the largest stands for it.
pub(crate) fn to_i64(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// A count for an `integer` column, likewise.
pub(crate) fn to_i32(count: u32) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nul_is_replaced_everywhere_and_offsets_stay() {
        assert_eq!(clean("a\0b"), "a\u{fffd}b");
        let dirty = serde_json::json!({"k\0": ["v\0", {"n": "\0"}], "plain": 1});
        let cleaned = clean_json(&dirty);
        assert!(!cleaned.to_string().contains("\\u0000"));
        assert_eq!(cleaned["plain"], 1);
    }
}
