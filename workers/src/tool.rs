//! Tools: what a run may have done outside of the model.
//!
//! One file for each tool. A tool says what it takes (a JSON Schema), what repeating it would do, and does it. What
//! the catalog of [`sba_subjects::tool`] says of a tool is not said again.

pub mod knowledge;
pub mod registry;
pub mod render;
pub mod tasks;

use async_trait::async_trait;
use sba_store::{TenantTx, effects};
use sba_subjects::{
    id::{CallId, RunId, TenantId, TenantKey, UserId},
    run::Effect,
    tool::spec,
};
use serde_json::Value;

pub use registry::Registry;

use crate::{error::WorkError, job::Outcome};

/// A tool, as workers know it.
#[async_trait]
pub trait Tool: Send + Sync {
    /// Its name, as the model and the API call it.
    fn name(&self) -> &'static str;

    /// What it does, in a sentence for a model; as the catalog has it.
    fn description(&self) -> &'static str {
        spec(self.name()).map_or("", |known| known.description)
    }

    /// The JSON Schema of its parameters; as the catalog has it. They are checked against it before [`Tool::execute`]
    /// sees them. A tool that stands in no catalog and has no schema of its own takes nothing.
    fn schema(&self) -> Value {
        catalog_schema(self.name())
    }

    /// What repeating it does; as the catalog has it. Of a tool that stands in none nothing good is believed.
    fn effect(&self) -> Effect {
        spec(self.name()).map_or(Effect::AtMostOnce, |known| known.effect)
    }

    /// Does it. Result and time are bounded by the caller, who can do so as long as this blocks no thread: what computes for
    /// long does so on threads of its own.
    ///
    /// # Errors
    /// [`WorkError`] says whether another try may help.
    async fn execute(&self, context: &ToolContext, params: Value) -> Result<Value, WorkError>;
}

/// For whom and for what a tool is called.
#[derive(Debug, Clone)]
pub struct ToolContext {
    /// The tenant, as NATS names it.
    pub tenant_key: TenantKey,
    /// The tenant, as Postgres names it.
    pub tenant: TenantId,
    /// On whose behalf.
    pub user: UserId,
    /// The run that waits for the result.
    pub run: RunId,
    /// The step that made the call.
    pub step: u32,
    /// The call; also the idempotency key of what the tool does.
    pub call: CallId,
}

impl ToolContext {
    /// Records, in the transaction that has the tool's effect, that the call is done with this result.
    ///
    /// Then there is no moment in which nobody knows whether it was. A tool whose effect is elsewhere leaves this to
    /// its caller. `false` where the call was recorded as done before: then the transaction must not be committed,
    /// unless what it writes is the same as before.
    ///
    /// # Errors
    /// `tool_result_invalid`, and those of the database.
    pub async fn finish(&self, tx: &mut TenantTx, result: &Value) -> Result<bool, WorkError> {
        let record = Outcome::Result(result.clone()).record()?;
        Ok(effects::finish(tx, self.call, &record).await?)
    }
}

/// The schema of a tool of the catalog.
fn catalog_schema(name: &str) -> Value {
    spec(name).map_or(Value::Bool(false), |known| (known.parameters)())
}

/// The schema of a tool of the catalog, with a parameter that no model gives but whoever calls it for another reason.
fn with_property(name: &str, property: &str, schema: Value) -> Value {
    let mut whole = catalog_schema(name);
    if let Some(properties) = whole.get_mut("properties").and_then(Value::as_object_mut) {
        properties.insert(property.to_owned(), schema);
    }
    whole
}

/// Parameters that have passed the schema, as their type.
fn read_params<T: serde::de::DeserializeOwned>(params: Value) -> Result<T, WorkError> {
    serde_json::from_value(params).map_err(|error| {
        WorkError::lasting("tool_params_invalid", format!("the parameters are not valid: {error}")).caused_by(error)
    })
}

/// A result as JSON.
fn write_result<T: serde::Serialize>(result: &T) -> Result<Value, WorkError> {
    serde_json::to_value(result).map_err(|error| {
        WorkError::lasting("tool_result_invalid", "the result cannot be written as JSON").caused_by(error)
    })
}
