//! What can happen to a run: the payloads of its log.
//!
//! The variant is the envelope's `type`, its content the envelope's `payload`. A type is never given
//! another meaning; fields are only ever added, with a default.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    id::{ArtifactId, CallId, InstanceId, RunId, SessionId, TenantId, UserId},
    name::ToolName,
    run::{Effect, Failure, RunStatus, StepKind, StepStatus, Usage, Workflow},
};

/// One fact about a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", content = "payload", rename_all = "snake_case")]
pub enum Event {
    /// The run was accepted. Always the first event.
    Created(Created),
    /// A process took the run. What an earlier attempt said in an unfinished step is void.
    Attempt(Attempt),
    /// The run's status changed.
    Status(Status),
    /// A step began.
    StepStarted(StepStarted),
    /// Text from the model.
    Token(Token),
    /// A tool is about to be called: the intent, recorded before the effect.
    ToolRequest(ToolRequest),
    /// A tool answered.
    ToolResult(ToolResult),
    /// A step ended.
    StepFinished(StepFinished),
    /// A document was made.
    Artifact(Artifact),
    /// Something went wrong. The run may go on.
    Error(Failure),
    /// The run ended. Always the last event.
    Done(Done),
}

impl Event {
    /// The envelope's `type`.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Created(_) => "created",
            Self::Attempt(_) => "attempt",
            Self::Status(_) => "status",
            Self::StepStarted(_) => "step_started",
            Self::Token(_) => "token",
            Self::ToolRequest(_) => "tool_request",
            Self::ToolResult(_) => "tool_result",
            Self::StepFinished(_) => "step_finished",
            Self::Artifact(_) => "artifact",
            Self::Error(_) => "error",
            Self::Done(_) => "done",
        }
    }

    /// Every `type` that this version knows.
    pub const KINDS: &'static [&'static str] = &[
        "created",
        "attempt",
        "status",
        "step_started",
        "token",
        "tool_request",
        "tool_result",
        "step_finished",
        "artifact",
        "error",
        "done",
    ];
}

/// The request that a run was started with, whole: nothing else is needed to drive it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Created {
    /// The tenant, as the API names it.
    pub tenant_id: TenantId,
    /// The person or service that asked.
    pub user_id: UserId,
    /// The session it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_id: Option<SessionId>,
    /// The plan to follow.
    pub workflow: Workflow,
    /// What is asked.
    pub prompt: String,
    /// How it is to be done.
    #[serde(default)]
    pub options: RunOptions,
    /// SHA-256 of the request, in hex: the same key with another body is refused by it.
    pub request_hash: String,
}

/// What a request may choose. What it leaves open, the tenant's settings and the configuration decide.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunOptions {
    /// Language of the answer, as a BCP 47 tag.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locale: Option<String>,
    /// How many passages a look-up returns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub top_k: Option<u32>,
    /// How many steps the run may take.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_steps: Option<u32>,
}

/// A process took the run; its number is the envelope's `attempt`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// The process.
    pub instance: InstanceId,
    /// The step that begins anew: what was said in it so far is void.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restarts_step: Option<u32>,
}

/// The run's status changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// The new status.
    pub status: RunStatus,
}

/// A step began; its number is the envelope's `step`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StepStarted {
    /// What it is.
    pub kind: StepKind,
    /// What it does, e.g. `look_up`, `write`, `render`.
    pub name: String,
    /// What it was given.
    pub input: Value,
}

/// Text from the model, as it comes: one or more tokens that arrived together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Token {
    /// The text.
    pub text: String,
    /// Number of the first token within its step and attempt, from 0.
    pub index: u64,
    /// How many pieces of the provider's stream it joins.
    pub count: u64,
}

/// A tool is about to be called.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ToolRequest {
    /// The call; also its idempotency key.
    pub call_id: CallId,
    /// The tool.
    pub tool_name: ToolName,
    /// What it is given.
    pub params: Value,
    /// What repeating it would do.
    pub effect: Effect,
}

/// A tool answered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ToolResult {
    /// The call.
    pub call_id: CallId,
    /// The tool.
    pub tool_name: ToolName,
    /// Whether it did what was asked.
    pub success: bool,
    /// What it returned; null when it failed.
    #[serde(default)]
    pub result: Value,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Failure>,
    /// How long it worked, in milliseconds.
    pub duration_ms: u64,
}

/// A step ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StepFinished {
    /// How.
    pub status: StepStatus,
    /// What it made. For a model call this holds the raw text too.
    #[serde(default)]
    pub output: Value,
    /// Tokens it took.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usage: Option<Usage>,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Failure>,
}

/// A document was made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Artifact {
    /// Its id in the API.
    pub artifact_id: ArtifactId,
    /// Its title.
    pub title: String,
    /// Its media type.
    pub media_type: String,
    /// Its size in bytes.
    pub bytes: u64,
    /// Where it is fetched, relative to the gateway's address.
    pub url: String,
    /// How many passages it cites.
    pub citations: u64,
}

/// The run ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Done {
    /// The run.
    pub run_id: RunId,
    /// How it ended.
    pub status: RunStatus,
    /// Tokens of all its model calls.
    pub usage: Usage,
    /// Why, when it did not complete.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Failure>,
}
