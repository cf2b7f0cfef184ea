//! The state of a run: what its log says, folded.
//!
//! [`RunState::apply`] is the only reading of a log. The orchestrator decides on it, the projector writes it
//! to Postgres, the gateway shows it; the `SNAP` stream keeps its latest form.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    event::{
        Artifact, DirectCall, ForkOf, InputRequest, InputResult, RunOptions, TenantSettings, ToolRequest, ToolResult,
    },
    id::{AskId, CallId, CommandId, InstanceId, RecordId, RunId, SessionId, TenantId, UserId},
    run::{Failure, RunStatus, StepKind, StepStatus, Usage, Workflow},
};

mod apply;
mod fork;

pub use apply::ApplyError;
pub use fork::ForkError;

/// A run, as far as its log says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunState {
    /// The run.
    pub run: RunId,
    /// The tenant, as the API names it.
    pub tenant_id: TenantId,
    /// Who asked.
    pub user_id: UserId,
    /// The session it belongs to.
    #[serde(default)]
    pub session_id: Option<SessionId>,
    /// The plan it follows.
    pub workflow: Workflow,
    /// What is asked.
    pub prompt: String,
    /// How it is to be done.
    pub options: RunOptions,
    /// SHA-256 of the request, in hex.
    pub request_hash: String,
    /// What the one who asked may do.
    #[serde(default)]
    pub roles: Vec<String>,
    /// The tenant's settings, as they stood when the run was accepted.
    #[serde(default)]
    pub settings: Box<TenantSettings>,
    /// The call to make, where the workflow is one tool call.
    #[serde(default)]
    pub call: Option<DirectCall>,
    /// The run whose first steps this one takes over.
    #[serde(default)]
    pub fork_of: Option<ForkOf>,
    /// Where it stands.
    pub status: RunStatus,
    /// Since when, in milliseconds since 1970.
    #[serde(default)]
    pub status_since: u64,
    /// When it goes on by itself, where it is paused until then, in milliseconds since 1970.
    #[serde(default)]
    pub paused_until: Option<u64>,
    /// Why it stands there, where somebody gave a reason.
    #[serde(default)]
    pub status_reason: Option<String>,
    /// How long it has waited for people so far, in milliseconds; being paused counts.
    #[serde(default)]
    pub waited_ms: u64,
    /// The latest attempt; 0 before the first.
    pub attempt: u32,
    /// The process that began the latest attempt.
    #[serde(default)]
    pub instance: Option<InstanceId>,
    /// The `seq` of the last event folded in.
    pub seq: u64,
    /// When it was accepted, in milliseconds since 1970.
    pub created_at: u64,
    /// When the first attempt began.
    #[serde(default)]
    pub started_at: Option<u64>,
    /// When the last event was said.
    pub updated_at: u64,
    /// When it ended.
    #[serde(default)]
    pub ended_at: Option<u64>,
    /// Its steps, in order; step `n` stands at index `n - 1`.
    #[serde(default)]
    pub steps: Vec<StepState>,
    /// The documents it made.
    #[serde(default)]
    pub artifacts: Vec<Artifact>,
    /// Tokens of its finished steps.
    #[serde(default)]
    pub usage: Usage,
    /// Why it did not complete.
    #[serde(default)]
    pub error: Option<Failure>,
    /// Who asked for its end, why and when, where somebody did.
    #[serde(default)]
    pub cancel: Option<CancelState>,
    /// The latest commands that it was told, oldest first: one that comes again is known. At most [`REMEMBERED`].
    #[serde(default)]
    pub commands: VecDeque<CommandId>,
    /// Commands that it refused.
    #[serde(default)]
    pub refused: u32,
    /// How often it was found without progress since it last made some.
    #[serde(default)]
    pub stalls: u32,
    /// Attempts in a row that ended without a word: their processes were lost.
    #[serde(default)]
    pub lost_attempts: u32,
}

/// How many commands a run remembers.
pub const REMEMBERED: usize = 64;

/// The end that somebody asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CancelState {
    /// Why.
    pub reason: String,
    /// When, in milliseconds since 1970.
    pub at: u64,
}

/// One step of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StepState {
    /// Its number, from 1.
    pub number: u32,
    /// What it is.
    pub kind: StepKind,
    /// What it does.
    pub name: String,
    /// How it stands.
    pub status: StepStatus,
    /// The attempt that wrote it last.
    pub attempt: u32,
    /// What it was given.
    pub input: Value,
    /// What it made.
    #[serde(default)]
    pub output: Value,
    /// Its text, as far as the latest attempt has said it.
    #[serde(default)]
    pub text: String,
    /// Pieces of text that the latest attempt has said.
    #[serde(default)]
    pub tokens: u64,
    /// The tool call it makes.
    #[serde(default)]
    pub call: Option<CallState>,
    /// What it asks a person.
    #[serde(default)]
    pub ask: Option<AskState>,
    /// Tokens it took.
    #[serde(default)]
    pub usage: Option<Usage>,
    /// How often it was tried in vain.
    #[serde(default)]
    pub errors: u32,
    /// Since when it waits for its model's provider, in milliseconds since 1970.
    #[serde(default)]
    pub waits_since: Option<u64>,
    /// Why it failed.
    #[serde(default)]
    pub error: Option<Failure>,
    /// When it began, in milliseconds since 1970.
    pub started_at: u64,
    /// When it ended.
    #[serde(default)]
    pub ended_at: Option<u64>,
}

/// A tool call, from its intent to its result.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CallState {
    /// The intent.
    pub request: ToolRequest,
    /// When the intent was recorded, in milliseconds since 1970.
    pub requested_at: u64,
    /// The answer.
    #[serde(default)]
    pub result: Option<ToolResult>,
}

/// A question to a person, and the answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AskState {
    /// The question.
    pub request: InputRequest,
    /// When it was asked, in milliseconds since 1970.
    pub requested_at: u64,
    /// The answer.
    #[serde(default)]
    pub result: Option<InputResult>,
}

impl StepState {
    /// Whether it is under way.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.status == StepStatus::Running
    }

    /// The call that waits for its result.
    #[must_use]
    pub fn pending_call(&self) -> Option<&CallState> {
        self.call.as_ref().filter(|call| self.is_running() && call.result.is_none())
    }

    /// The question that waits for its answer.
    #[must_use]
    pub fn open_ask(&self) -> Option<&AskState> {
        self.ask.as_ref().filter(|ask| self.is_running() && ask.result.is_none())
    }
}

impl RunState {
    /// The process that owns the run: only a running run is owned.
    #[must_use]
    pub fn owner(&self) -> Option<InstanceId> {
        self.instance.filter(|_| self.status == RunStatus::Running)
    }

    /// The step with this number.
    #[must_use]
    pub fn step(&self, number: u32) -> Option<&StepState> {
        self.steps.get(usize::try_from(number).ok()?.checked_sub(1)?)
    }

    /// The steps under way: one call of the model, or any number of tool calls and questions.
    pub fn running_steps(&self) -> impl DoubleEndedIterator<Item = &StepState> {
        self.steps.iter().filter(|step| step.is_running())
    }

    /// The call of the model that is under way.
    #[must_use]
    pub fn model_step(&self) -> Option<&StepState> {
        self.steps.last().filter(|step| step.is_running() && step.kind == StepKind::Model)
    }

    /// The step whose call waits for this result.
    #[must_use]
    pub fn awaiting(&self, call: CallId) -> Option<&StepState> {
        self.running_steps().find(|step| step.pending_call().is_some_and(|pending| pending.request.call_id == call))
    }

    /// The step that asks this.
    #[must_use]
    pub fn asking(&self, ask: AskId) -> Option<&StepState> {
        self.steps.iter().find(|step| step.ask.as_ref().is_some_and(|known| known.request.ask_id == ask))
    }

    /// The call with this id, answered or not.
    #[must_use]
    pub fn call(&self, id: CallId) -> Option<&CallState> {
        self.steps.iter().filter_map(|step| step.call.as_ref()).find(|call| call.request.call_id == id)
    }
}

/// The body of a `SNAP` message.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Snapshot {
    /// Version of the wire.
    pub v: u16,
    /// Where in the `RUNS` stream the last record stands that is folded in.
    pub stream_sequence: u64,
    /// That record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record: Option<RecordId>,
    /// The state.
    pub state: RunState,
}
