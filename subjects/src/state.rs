//! The state of a run: what its log says, folded.
//!
//! [`RunState::apply`] is the only reading of a log. The orchestrator decides on it, the projector writes it
//! to Postgres, the gateway shows it; the `SNAP` stream keeps its latest form.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    event::{Artifact, RunOptions, ToolRequest, ToolResult},
    id::{CallId, InstanceId, RunId, SessionId, TenantId, UserId},
    run::{Failure, RunStatus, StepKind, StepStatus, Usage, Workflow},
};

mod apply;

pub use apply::ApplyError;

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
    /// Where it stands.
    pub status: RunStatus,
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
    /// Tokens it took.
    #[serde(default)]
    pub usage: Option<Usage>,
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

impl RunState {
    /// The process that owns the run: only a running run is owned.
    #[must_use]
    pub fn owner(&self) -> Option<InstanceId> {
        self.instance.filter(|_| self.status == RunStatus::Running)
    }

    /// The step under way.
    #[must_use]
    pub fn running_step(&self) -> Option<&StepState> {
        self.steps.last().filter(|step| step.status == StepStatus::Running)
    }

    /// The call that waits for its result.
    #[must_use]
    pub fn pending_call(&self) -> Option<&CallState> {
        self.running_step()?.call.as_ref().filter(|call| call.result.is_none())
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
    /// The state.
    pub state: RunState,
}
