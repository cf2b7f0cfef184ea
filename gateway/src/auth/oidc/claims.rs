//! Where in a token something stands.

use serde_json::Value;

/// The way to a claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ClaimPath {
    /// A JSON pointer.
    Pointer(String),
    /// A claim of that very name.
    Name(String),
    /// Names, from the outside in.
    Dotted(Vec<String>),
}

impl ClaimPath {
    /// `/a/b` is a JSON pointer, what has `://` in it a name, anything else names with dots between them.
    pub(super) fn parse(text: &str) -> Self {
        if text.starts_with('/') {
            Self::Pointer(text.to_owned())
        } else if text.contains("://") {
            Self::Name(text.to_owned())
        } else {
            Self::Dotted(text.split('.').map(str::to_owned).collect())
        }
    }

    /// What stands there.
    pub(super) fn of<'a>(&self, claims: &'a Value) -> Option<&'a Value> {
        match self {
            Self::Pointer(pointer) => claims.pointer(pointer),
            Self::Name(name) => claims.get(name),
            Self::Dotted(names) => names.iter().try_fold(claims, |value, name| value.get(name)),
        }
    }
}

/// Texts: a list of them, or one with spaces between them. What is neither says nothing.
pub(super) fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => text.split_whitespace().collect(),
        Value::Array(items) => items.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

/// A moment, in seconds since 1970. A fraction is cut off.
pub(super) fn seconds(value: &Value) -> Option<u64> {
    let whole = |seconds: f64| (0.0..=9_007_199_254_740_992.0).contains(&seconds).then_some(seconds as u64);
    value.as_u64().or_else(|| value.as_f64().and_then(whole))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use serde_json::json;

    use super::*;

    #[test]
    fn a_claim_is_found_by_pointer_name_or_dots() {
        let claims = json!({
            "o": {"id": "org_1", "list": ["a"]}, "o.id": "no", "https://sba.example/roles": ["x"], "a/b": {"c": 1},
        });
        for (path, found) in [
            ("o.id", json!("org_1")),
            ("/o/id", json!("org_1")),
            ("/o/list/0", json!("a")),
            ("https://sba.example/roles", json!(["x"])),
            ("/a~1b/c", json!(1)),
            ("o.list", json!(["a"])),
        ] {
            assert_eq!(ClaimPath::parse(path).of(&claims), Some(&found), "{path}");
        }
        for nothing in ["o.name", "o.id.more", "/o/2", "/", "x", "http://a"] {
            assert_eq!(ClaimPath::parse(nothing).of(&claims), None, "{nothing}");
        }
    }

    #[test]
    fn lists_and_spaces_separate_texts_and_nothing_else_is_one() {
        assert_eq!(texts(&json!(["a", 1, "b c", null])), ["a", "b c"]);
        assert_eq!(texts(&json!(" a  b ")), ["a", "b"]);
        assert!(texts(&json!({"a": 1})).is_empty() && texts(&json!(true)).is_empty());
    }

    #[test]
    fn moments_are_numbers_that_can_be() {
        assert_eq!(seconds(&json!(7)), Some(7));
        assert_eq!(seconds(&json!(7.9)), Some(7));
        for none in [json!(-1), json!("7"), json!(null), json!(1e300), serde_json::from_str("-0.5").unwrap()] {
            assert_eq!(seconds(&none), None, "{none}");
        }
    }
}
