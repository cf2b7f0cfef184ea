//! `[model.scripted]`

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::config::Millis;

/// What the scripted provider says, how fast, and how it fails.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ScriptedConfig {
    /// The text of every answer; each word is a token.
    pub text: String,
    /// The tools that a conversation asks for: a list for each turn of the model, from the first. After them, or where a list is empty, the model says the text.
    pub calls: Vec<Vec<ScriptedCall>>,
    /// Pause before each token, in milliseconds.
    pub delay_ms: Millis,
    /// How a call fails.
    pub fail: ScriptedFailure,
    /// How many calls of a process fail before they succeed; 0: each one fails.
    pub fail_calls: u32,
}

/// A tool call of the script.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ScriptedCall {
    /// The tool.
    pub name: String,
    /// What it is given.
    #[serde(default)]
    pub arguments: Map<String, Value>,
}

/// A way to fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ScriptedFailure {
    /// Not at all.
    Never,
    /// The endpoint cannot be reached.
    Unreachable,
    /// The stream breaks off in the middle.
    MidStream,
    /// The stream turns to garbage in the middle.
    Garbage,
    /// The stream stops in the middle and stays open.
    Stall,
}

impl Default for ScriptedConfig {
    fn default() -> Self {
        Self {
            text: "This is the scripted model.".to_owned(),
            calls: Vec::new(),
            delay_ms: Millis::new(0),
            fail: ScriptedFailure::Never,
            fail_calls: 0,
        }
    }
}
