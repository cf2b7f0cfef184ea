//! Tools that a customer serves.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{name::ToolName, run::Effect};

/// What the names of these tools begin with. No tool of SBA's own has such a name, now or later.
pub const SERVED_PREFIX: &str = "x_";

/// A tool that a customer's own worker serves, as the customer registered it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServedTool {
    /// Its name, as the model calls it.
    pub name: ToolName,
    /// What it does, for the model.
    pub description: String,
    /// What the model gives it, as a JSON Schema of an object.
    pub parameters: Value,
    /// What repeating a call does.
    pub effect: Effect,
    /// Longest time for one call, waiting for a worker included, in milliseconds.
    pub deadline_ms: u64,
}

/// Whether a tool of this name is a customer's.
#[must_use]
pub fn is_served(tool: &ToolName) -> bool {
    tool.as_str().starts_with(SERVED_PREFIX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tool::CATALOG;

    #[test]
    fn no_tool_of_sba_has_a_customers_name() {
        assert!(CATALOG.iter().all(|tool| !tool.name.starts_with(SERVED_PREFIX)));
    }
}
