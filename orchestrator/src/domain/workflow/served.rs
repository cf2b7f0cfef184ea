//! Calls of tools that a customer serves.

use sba_subjects::tool::ServedTool;
use serde_json::Value;

/// The most faults of arguments that the model is told at once.
const MAX_FAULTS: usize = 5;

/// Holds a model's arguments against the schema that the tool was registered with; the error is a sentence for the model.
///
/// The schema is a customer's. It was taken only without references and patterns, so that checking takes no longer than the
/// schema and the arguments are long.
pub(super) fn check(tool: &ServedTool, arguments: &Value) -> Result<(), String> {
    if !arguments.is_object() {
        return Err("they are no object".to_owned());
    }
    let validator = jsonschema::validator_for(&tool.parameters).map_err(|error| error.to_string())?;
    let faults: Vec<_> = validator.iter_errors(arguments).take(MAX_FAULTS).map(|error| error.to_string()).collect();
    if faults.is_empty() { Ok(()) } else { Err(faults.join("; ")) }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use sba_subjects::run::Effect;
    use serde_json::json;

    use super::*;

    #[test]
    fn arguments_are_held_against_the_schema() {
        let tool = ServedTool {
            name: "x_weather".parse().unwrap(),
            description: "The weather.".to_owned(),
            parameters: json!({"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}),
            effect: Effect::Pure,
            deadline_ms: 1_000,
        };
        assert_eq!(check(&tool, &json!({"city": "Bern"})), Ok(()));
        for bad in [json!({}), json!({"city": 7}), json!("Bern"), json!(null)] {
            assert!(check(&tool, &bad).is_err(), "{bad}");
        }
    }
}
