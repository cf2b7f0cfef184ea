//! Which tools there are, and the check of what they are given.

use std::{collections::BTreeMap, sync::Arc};

use jsonschema::Validator;
use serde_json::Value;

use super::{Tool, ToolContext};
use crate::error::WorkError;

/// The most faults of parameters that are named at once.
const MAX_FAULTS: usize = 5;

/// The tools of a worker, by name.
#[derive(Default)]
pub struct Registry {
    tools: BTreeMap<&'static str, Entry>,
}

struct Entry {
    tool: Arc<dyn Tool>,
    validator: Validator,
}

/// A tool whose parameters cannot be checked: a fault in the tool.
#[derive(Debug, thiserror::Error)]
#[error("the schema of tool {tool} is not a valid JSON Schema: {reason}")]
pub struct InvalidSchema {
    /// The tool.
    pub tool: &'static str,
    /// What is wrong with the schema.
    pub reason: String,
}

impl Registry {
    /// Adds a tool; one with the same name is replaced.
    ///
    /// # Errors
    /// [`InvalidSchema`] when its schema is none.
    pub fn register(&mut self, tool: Arc<dyn Tool>) -> Result<(), InvalidSchema> {
        let name = tool.name();
        let validator = jsonschema::validator_for(&tool.schema())
            .map_err(|error| InvalidSchema { tool: name, reason: error.to_string() })?;
        self.tools.insert(name, Entry { tool, validator });
        Ok(())
    }

    /// The tool of a name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Arc<dyn Tool>> {
        self.tools.get(name).map(|entry| &entry.tool)
    }

    /// Every tool, by name.
    pub fn tools(&self) -> impl Iterator<Item = &Arc<dyn Tool>> {
        self.tools.values().map(|entry| &entry.tool)
    }

    /// Checks the parameters and executes the tool.
    ///
    /// # Errors
    /// `tool_unknown`, `tool_params_invalid`, and those of the tool.
    pub async fn execute(&self, name: &str, context: &ToolContext, params: Value) -> Result<Value, WorkError> {
        let entry = self
            .tools
            .get(name)
            .ok_or_else(|| WorkError::lasting("tool_unknown", format!("there is no tool named {name:?}")))?;
        check(&entry.validator, &params)?;
        entry.tool.execute(context, params).await
    }
}

fn check(validator: &Validator, params: &Value) -> Result<(), WorkError> {
    let faults: Vec<String> = validator
        .iter_errors(params)
        .take(MAX_FAULTS)
        // The value itself is left out: it may be long, and it may be private.
        .map(|fault| format!("{}: {}", fault.instance_path(), fault.masked()))
        .collect();
    if faults.is_empty() {
        return Ok(());
    }
    Err(WorkError::lasting("tool_params_invalid", format!("the parameters are not valid: {}", faults.join("; "))))
}

#[cfg(test)]
pub(crate) mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use async_trait::async_trait;
    use sba_subjects::{
        id::{CallId, RunId, TenantKey, UserId},
        run::Effect,
    };
    use serde_json::json;
    use uuid::Uuid;

    use super::*;
    use crate::error::Again;

    struct Echo;

    #[async_trait]
    impl Tool for Echo {
        fn name(&self) -> &'static str {
            "echo"
        }

        fn description(&self) -> &'static str {
            "Returns its text."
        }

        fn schema(&self) -> Value {
            json!({
                "type": "object", "required": ["text"], "additionalProperties": false,
                "properties": {"text": {"type": "string", "maxLength": 5}}
            })
        }

        fn effect(&self) -> Effect {
            Effect::Pure
        }

        async fn execute(&self, _: &ToolContext, params: Value) -> Result<Value, WorkError> {
            Ok(params["text"].clone())
        }
    }

    pub(crate) fn context() -> ToolContext {
        let tenant_key: TenantKey = format!("A{}", "B".repeat(55)).parse().unwrap();
        ToolContext {
            tenant: tenant_key.id(),
            tenant_key,
            user: UserId::from_uuid(Uuid::nil()),
            run: RunId::from_uuid(Uuid::nil()),
            step: 1,
            call: CallId::from_uuid(Uuid::nil()),
        }
    }

    #[tokio::test]
    async fn parameters_are_checked_before_the_tool_sees_them() {
        let mut registry = Registry::default();
        registry.register(Arc::new(Echo)).unwrap();
        let context = context();
        let good = registry.execute("echo", &context, json!({"text": "hello"})).await;
        assert_eq!(good.unwrap(), json!("hello"));
        for params in
            [json!({}), json!({"text": 1}), json!({"text": "secret"}), json!({"text": "a", "x": 1}), json!(null)]
        {
            let error = registry.execute("echo", &context, params).await.unwrap_err();
            assert_eq!((error.code, error.again), ("tool_params_invalid", Again::Never));
            assert!(!error.message.contains("secret"), "{}", error.message);
        }
        let unknown = registry.execute("rm", &context, json!({})).await.unwrap_err();
        assert_eq!(unknown.code, "tool_unknown");
    }
}
