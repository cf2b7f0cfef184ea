//! Which schemas a provider can hold a model's arguments to.

use serde_json::Value;

/// The keywords that OpenAI takes in a strict schema; others make it refuse the whole call.
const KEYWORDS: [&str; 14] = [
    "type",
    "description",
    "properties",
    "required",
    "additionalProperties",
    "items",
    "enum",
    "const",
    "anyOf",
    "minimum",
    "maximum",
    "minItems",
    "maxItems",
    "pattern",
];

/// Whether `schema` may be marked strict: objects are closed and need all their properties, and no keyword is unknown.
pub(super) fn is_strict(schema: &Value) -> bool {
    let Some(members) = schema.as_object() else { return false };
    let known = members.keys().all(|keyword| KEYWORDS.contains(&keyword.as_str()));
    let branches = schema["anyOf"].as_array().is_none_or(|branches| branches.iter().all(is_strict));
    let items = members.get("items").is_none_or(is_strict);
    known && branches && items && (schema["type"] != "object" || is_closed(schema))
}

fn is_closed(object: &Value) -> bool {
    let Some(properties) = object["properties"].as_object() else { return false };
    let required = object["required"].as_array();
    let needed = |name: &String| required.is_some_and(|names| names.iter().any(|known| known.as_str() == Some(name)));
    object["additionalProperties"] == false && properties.iter().all(|(name, below)| needed(name) && is_strict(below))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_closed_schemas_without_options_are_strict() {
        let object = |properties: Value, required: Value| json!({"type": "object", "properties": properties, "required": required, "additionalProperties": false});
        let text = json!({"type": "string", "description": "Text."});
        assert!(is_strict(&object(json!({"a": text, "b": {"type": "array", "items": text}}), json!(["a", "b"]))));
        assert!(is_strict(&object(json!({}), json!([]))));
        assert!(!is_strict(&object(json!({"a": text, "b": text}), json!(["a"]))), "an option");
        assert!(!is_strict(&json!({"type": "object", "properties": {}, "required": []})), "open");
        assert!(!is_strict(&object(json!({"a": {"type": "string", "maxLength": 3}}), json!(["a"]))), "a keyword");
        assert!(!is_strict(&object(json!({"a": {"type": "object"}}), json!(["a"]))), "open below");
        assert!(!is_strict(&json!(true)) && !is_strict(&json!({"type": "object"})));
    }
}
