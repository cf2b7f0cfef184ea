//! Tools whose effects go to the ledger. They have the names of built-in tools and take their place, so that models and
//! orchestrators know them.

use std::sync::Arc;

use async_trait::async_trait;
use sba_subjects::{
    run::Effect,
    tool::{TASK_COMPLETE, TASK_LIST, TASK_UPDATE},
};
use sba_workers::{
    Again, WorkError,
    tool::{Tool, ToolContext},
};
use serde_json::{Value, json};

use super::ledger::Entry;

/// A tool that makes an entry.
struct Enter {
    name: &'static str,
    effect: Effect,
    ledger: String,
    http: reqwest::Client,
}

/// One tool of each kind, with entries in the ledger at this address.
#[must_use]
pub fn all(ledger: &str) -> Vec<Arc<dyn Tool>> {
    let http = reqwest::Client::new();
    [(TASK_LIST, Effect::Pure), (TASK_COMPLETE, Effect::Idempotent), (TASK_UPDATE, Effect::AtMostOnce)]
        .map(|(name, effect)| Enter { name, effect, ledger: ledger.to_owned(), http: http.clone() })
        .into_iter()
        .map(|tool| Arc::new(tool) as Arc<dyn Tool>)
        .collect()
}

#[async_trait]
impl Tool for Enter {
    fn name(&self) -> &'static str {
        self.name
    }

    fn effect(&self) -> Effect {
        self.effect
    }

    async fn execute(&self, context: &ToolContext, params: Value) -> Result<Value, WorkError> {
        let (run, key) = (context.run.as_uuid(), context.call.as_uuid());
        let entry = Entry { run, step: context.step, key, effect: self.effect };
        let entered = self.http.post(&self.ledger).json(&entry).send().await;
        // The ledger never goes: only a request that could not even be sent ends here.
        let entered = entered.and_then(reqwest::Response::error_for_status);
        entered.map_err(|error| {
            let error = WorkError::passing("ledger_unreachable", error.to_string());
            WorkError { again: Again::WhenBack, ..error }
        })?;
        Ok(json!({"entered": params}))
    }
}
