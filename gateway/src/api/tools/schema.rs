//! Which JSON Schemas a customer may register: runs hold what a model writes against them, beside those of other tenants.
//!
//! So nothing is taken that could take longer to check than it is long: no references, with which a short schema can be an
//! endless one, and no patterns. Nothing is ever fetched.

use serde_json::Value;

/// Deepest nesting.
const MAX_DEPTH: usize = 12;

/// Words that may not stand in a schema.
const REFUSED: [&str; 6] = ["$ref", "$dynamicRef", "$recursiveRef", "$id", "pattern", "patternProperties"];

/// Words behind which data stands, not schemas.
const DATA: [&str; 4] = ["enum", "const", "default", "examples"];

/// Goes on only with a schema of an object that may be registered; the error says what stands against it.
pub(super) fn check(schema: &Value, most: usize) -> Result<(), String> {
    if schema.to_string().len() > most {
        return Err(format!("is longer than {most} bytes"));
    }
    if schema.get("type").and_then(Value::as_str) != Some("object") {
        return Err("must be of the type object".to_owned());
    }
    walk(schema, MAX_DEPTH)?;
    jsonschema::validator_for(schema).map(drop).map_err(|error| format!("is no JSON Schema: {error}"))
}

fn walk(schema: &Value, depth: usize) -> Result<(), String> {
    let Some(depth) = depth.checked_sub(1) else { return Err(format!("is nested deeper than {MAX_DEPTH}")) };
    match schema {
        Value::Object(words) => words.iter().try_for_each(|(word, value)| match word.as_str() {
            refused if REFUSED.contains(&refused) => Err(format!("{refused} may not be used")),
            data if DATA.contains(&data) => Ok(()),
            // The names of properties are no words of the schema.
            "properties" => value.as_object().into_iter().flatten().try_for_each(|(_, value)| walk(value, depth)),
            _ => walk(value, depth),
        }),
        Value::Array(schemas) => schemas.iter().try_for_each(|schema| walk(schema, depth)),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_can_be_checked_in_short_time_is_taken() {
        let good = json!({"type": "object", "additionalProperties": false, "required": ["pattern"], "properties": {
            "pattern": {"type": "string", "maxLength": 40, "enum": ["$ref"]},
            "days": {"type": "array", "items": {"type": "integer", "minimum": 1}}}});
        assert_eq!(check(&good, 1_000), Ok(()));
        let deep = (0..20).fold(json!({"type": "string"}), |inner, _| json!({"type": "array", "items": inner}));
        for bad in [
            json!(true),
            json!({"type": "string"}),
            json!({"type": "object", "properties": {"a": {"$ref": "https://example.com/a.json"}}}),
            json!({"type": "object", "properties": {"a": {"$ref": "#"}}}),
            json!({"type": "object", "properties": {"a": {"pattern": "(a+)+$"}}}),
            json!({"type": "object", "allOf": [{"patternProperties": {"(a+)+$": {}}}]}),
            json!({"type": "object", "properties": {"a": deep}}),
            json!({"type": "object", "required": "a"}),
            json!({"type": "object", "description": "x".repeat(1_000)}),
        ] {
            assert!(check(&bad, 1_000).is_err(), "{bad}");
        }
    }
}
