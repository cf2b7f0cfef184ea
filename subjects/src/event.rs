//! What can happen to a run: the payloads of its log.
//!
//! The variant is the envelope's `type`, its content the envelope's `payload`. A type is never given
//! another meaning; fields are only ever added, with a default.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    id::{ArtifactId, AskId, CallId, InstanceId, RunId, ScheduleId, SessionId, TenantId, UserId},
    name::{ToolName, Verb},
    run::{AskKind, Effect, Failure, RunStatus, Stall, StepKind, StepStatus, Usage, Workflow},
    tool::ServedTool,
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
    /// A person is asked.
    InputRequest(InputRequest),
    /// A person answered, or will not.
    InputResult(InputResult),
    /// A step ended.
    StepFinished(StepFinished),
    /// A document was made.
    Artifact(Artifact),
    /// Something went wrong. The run may go on.
    Error(Failure),
    /// A command came that could not be done. The run goes on as if it had not come.
    Refused(Refused),
    /// The run was found without progress. What it waits for is asked for again.
    Stalled(Stalled),
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
            Self::InputRequest(_) => "input_request",
            Self::InputResult(_) => "input_result",
            Self::StepFinished(_) => "step_finished",
            Self::Artifact(_) => "artifact",
            Self::Error(_) => "error",
            Self::Refused(_) => "refused",
            Self::Stalled(_) => "stalled",
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
        "input_request",
        "input_result",
        "step_finished",
        "artifact",
        "error",
        "refused",
        "stalled",
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
    /// What the one who asked may do: tools are offered by role.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<String>,
    /// The tenant's settings.
    #[serde(default, skip_serializing_if = "TenantSettings::is_empty")]
    pub settings: Box<TenantSettings>,
    /// The call to make, where the workflow is one tool call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call: Option<DirectCall>,
    /// The run whose first steps this one takes over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fork_of: Option<ForkOf>,
    /// The schedule that started it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule: Option<OfSchedule>,
}

/// What a tenant's settings say about its agents, as they stood when the run was accepted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TenantSettings {
    /// The model's name as its provider knows it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// What the model is told besides SBA's own words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instructions: Option<String>,
    /// Language of the answer where the request does not say, as a BCP 47 tag.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub locale: Option<String>,
    /// Passages of a look-up where the request does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub top_k: Option<u32>,
    /// Most steps of a run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_steps: Option<u32>,
    /// Most tokens of a run, read and written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_run_tokens: Option<u64>,
    /// What a run may cost, in millionths of the currency that the prices are configured in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_run_cost_micros: Option<u64>,
    /// The only tools that the model is offered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tools: Option<Vec<ToolName>>,
    /// The tools of which a person must approve each call.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub approve: Vec<ToolName>,
    /// Whether answers are kept, and given again while no model can be reached.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cached_answers: Option<bool>,
    /// The tools that the tenant serves itself.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub served: Vec<ServedTool>,
}

impl TenantSettings {
    /// What is known of a tool that the tenant serves itself.
    #[must_use]
    pub fn served(&self, name: &str) -> Option<&ServedTool> {
        self.served.iter().find(|tool| tool.name.as_str() == name)
    }

    /// Whether they say nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// A tool call that was asked for by name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DirectCall {
    /// The tool.
    pub tool_name: ToolName,
    /// What it is given.
    pub params: Value,
}

/// Where a run branches off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ForkOf {
    /// The run that it branches off from, of the same tenant.
    pub run: RunId,
    /// The last step that is taken over with its result; 0 for none.
    pub step: u32,
}

/// The schedule that started a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct OfSchedule {
    /// The schedule, of the same tenant.
    pub schedule_id: ScheduleId,
    /// The moment that it was started for, in milliseconds since 1970 (UTC).
    pub at: u64,
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
    /// The only tools that the model is offered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tools: Option<Vec<ToolName>>,
    /// Whether the run waits for a model's provider that is out, where others are cancelled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub critical: Option<bool>,
    /// Whether an earlier answer may be given while no model can be reached; only `false` changes anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cached_answers: Option<bool>,
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
    /// Why, where somebody gave a reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// When the run goes on by itself, in milliseconds since 1970: it is paused until then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<u64>,
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

/// A person is asked. The run waits until somebody answers, or until nobody will.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct InputRequest {
    /// What an answer names.
    pub ask_id: AskId,
    /// What is asked for.
    pub kind: AskKind,
    /// The question, in words.
    pub text: String,
    /// The answers to choose from; empty where any words will do.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<String>,
    /// When it is too late, in milliseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<u64>,
    /// The call that is to be approved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call: Option<ToolRequest>,
}

/// A person answered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct InputResult {
    /// What was asked.
    pub ask_id: AskId,
    /// Who answered; nobody, when it was too late.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_id: Option<UserId>,
    /// The answer; null when it was too late.
    #[serde(default)]
    pub answer: Value,
}

/// A command that could not be done; `cause` names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    /// What was asked.
    pub verb: Verb,
    /// Why not.
    pub reason: Failure,
}

/// The run was found without progress.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stalled {
    /// What was found.
    pub reason: Stall,
    /// Since when nothing happened, in milliseconds since 1970.
    pub since: u64,
    /// How often in a row, this time included.
    pub count: u32,
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
    /// Calls of a cancelled run of which it is not known whether they were stopped.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unconfirmed: Vec<CallId>,
}
