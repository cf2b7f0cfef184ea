//! A run, as the API shows it.

mod projected;

use sba_subjects::{
    event::Artifact,
    run::{AskKind, Failure, RunStatus, StepKind, StepStatus, Usage},
    state::{CallState, RunState, StepState},
};
use serde::Serialize;
use serde_json::Value;
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

pub use self::projected::Projected;
use super::links::Links;
use crate::api::times;

/// A run.
#[derive(Debug, Serialize, ToSchema)]
pub struct RunView {
    #[serde(flatten)]
    summary: RunSummary,
    /// What it did, in order.
    steps: Vec<StepView>,
    /// The documents it made.
    artifacts: Vec<ArtifactLink>,
    /// What it asks people, the oldest question first; answered with `POST /runs/{run_id}/continue`.
    asks: Vec<AskView>,
    /// The early end that somebody asked for.
    cancel: Option<CancelView>,
    /// Why it stands where it does, where somebody or something gave a reason: why it is paused.
    reason: Option<String>,
    /// When it goes on by itself, where it is paused until then.
    #[serde(with = "time::serde::rfc3339::option")]
    until: Option<OffsetDateTime>,
}

/// A run, without what it did.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RunSummary {
    /// The run.
    run_id: Uuid,
    /// The tenant.
    tenant_id: Uuid,
    /// Who asked.
    user_id: Option<Uuid>,
    /// The session that it belongs to.
    session_id: Option<Uuid>,
    /// The plan that it follows.
    #[schema(example = "render")]
    workflow: String,
    /// Where it stands: `created`, `running`, `waiting_tool`, `waiting_input`, `paused`, `cancelling`, `completed`,
    /// `failed` or `cancelled`.
    #[schema(value_type = String, example = "running")]
    status: RunStatus,
    /// What is asked.
    prompt: String,
    /// How often a process took it.
    attempt: u32,
    /// The last event that this answer reflects; a cursor for the stream.
    seq: u64,
    /// Tokens of its model calls.
    usage: UsageView,
    /// Why it did not complete.
    error: Option<FailureView>,
    /// When it was accepted.
    #[serde(with = "time::serde::rfc3339")]
    created_at: OffsetDateTime,
    /// When work on it began.
    #[serde(with = "time::serde::rfc3339::option")]
    started_at: Option<OffsetDateTime>,
    /// When its last event happened.
    #[serde(with = "time::serde::rfc3339")]
    updated_at: OffsetDateTime,
    /// When it ended.
    #[serde(with = "time::serde::rfc3339::option")]
    ended_at: Option<OffsetDateTime>,
    /// Where to go on.
    links: Links,
}

/// One step of a run.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct StepView {
    /// Its number, from 1.
    number: u32,
    /// What it is: `user`, `model`, `tool` or `system`.
    #[schema(value_type = String, example = "tool")]
    kind: StepKind,
    /// What it does.
    #[schema(example = "look_up")]
    name: String,
    /// How it stands: `running`, `completed`, `failed` or `cancelled`.
    #[schema(value_type = String, example = "completed")]
    status: StepStatus,
    /// What it was given.
    input: Value,
    /// What it made.
    output: Value,
    /// What its model has said so far, while it is under way; absent otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    /// The tool call that it made.
    tool_call: Option<CallView>,
    /// Tokens that it took.
    usage: Option<UsageView>,
    /// Why it failed.
    error: Option<FailureView>,
    /// When it began.
    #[serde(with = "time::serde::rfc3339::option")]
    started_at: Option<OffsetDateTime>,
    /// When it ended.
    #[serde(with = "time::serde::rfc3339::option")]
    ended_at: Option<OffsetDateTime>,
}

/// A tool call.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CallView {
    /// The call.
    call_id: Uuid,
    /// The tool.
    #[schema(example = "knowledge_search")]
    tool_name: String,
    /// What it was given.
    params: Value,
    /// What it returned.
    result: Value,
    /// Whether it did what was asked; null while it is under way.
    success: Option<bool>,
    /// Why it failed.
    error: Option<FailureView>,
    /// How long it worked, in milliseconds.
    duration_ms: Option<u64>,
}

/// A document that a run made.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ArtifactLink {
    /// The artifact.
    artifact_id: Uuid,
    /// Its title.
    title: String,
    /// Its media type.
    #[schema(example = "text/markdown")]
    media_type: String,
    /// Its size in bytes.
    bytes: u64,
    /// Where its content is, relative to the gateway's address.
    url: String,
    /// How many passages it cites.
    citations: u64,
}

/// A question that waits for its answer.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AskView {
    /// What an answer names.
    ask_id: Uuid,
    /// The step that asks.
    step: u32,
    /// What is asked for: `approval` of a tool call, or the answer to a `question`.
    #[schema(value_type = String, example = "question")]
    kind: AskKind,
    /// The question, in words.
    #[schema(example = "Which supplier is meant?")]
    text: String,
    /// The answers to choose from; empty where any words will do.
    options: Vec<String>,
    /// When it is too late.
    #[serde(with = "time::serde::rfc3339::option")]
    expires_at: Option<OffsetDateTime>,
    /// The tool call that it is about.
    call: Option<AskedCall>,
}

/// A tool call that a person is asked about.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AskedCall {
    /// The tool.
    #[schema(example = "task_create")]
    tool_name: String,
    /// What it is to be given.
    params: Value,
}

/// The early end that somebody asked for.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CancelView {
    /// Why.
    reason: String,
}

/// Tokens of model calls.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
pub(crate) struct UsageView {
    /// Tokens read.
    input_tokens: u64,
    /// Tokens written.
    output_tokens: u64,
    /// What they cost, in millionths of the currency that the prices are configured in.
    cost_micros: u64,
}

/// Why something failed.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FailureView {
    /// Stable code.
    #[schema(example = "model_unreachable")]
    code: String,
    /// One sentence for a person.
    message: String,
}

impl From<Usage> for UsageView {
    fn from(usage: Usage) -> Self {
        let Usage { input_tokens, output_tokens, cost_micros } = usage;
        Self { input_tokens, output_tokens, cost_micros }
    }
}

impl From<Failure> for FailureView {
    fn from(failure: Failure) -> Self {
        Self { code: failure.code, message: failure.message }
    }
}

impl From<RunState> for RunView {
    /// From what the log says.
    fn from(state: RunState) -> Self {
        let asks = state.running_steps().filter_map(AskView::open).collect();
        let cancel = state.cancel.clone().map(|cancel| CancelView { reason: cancel.reason });
        let (reason, until) = (state.status_reason.clone(), state.paused_until.map(times::from_millis));
        let summary = RunSummary {
            run_id: state.run.as_uuid(),
            tenant_id: state.tenant_id.as_uuid(),
            user_id: Some(state.user_id.as_uuid()),
            session_id: state.session_id.map(|session| session.as_uuid()),
            workflow: state.workflow.to_string(),
            status: state.status,
            prompt: state.prompt,
            attempt: state.attempt,
            seq: state.seq,
            usage: state.usage.into(),
            error: state.error.map(Into::into),
            created_at: times::from_millis(state.created_at),
            started_at: state.started_at.map(times::from_millis),
            updated_at: times::from_millis(state.updated_at),
            ended_at: state.ended_at.map(times::from_millis),
            links: Links::of(state.run),
        };
        Self {
            summary,
            steps: state.steps.into_iter().map(Into::into).collect(),
            artifacts: state.artifacts.into_iter().map(Into::into).collect(),
            asks,
            cancel,
            reason,
            until,
        }
    }
}

impl AskView {
    /// What a step asks, while nobody has answered.
    fn open(step: &StepState) -> Option<Self> {
        let request = step.open_ask()?.request.clone();
        let call = request.call.map(|call| AskedCall { tool_name: call.tool_name.to_string(), params: call.params });
        Some(Self {
            ask_id: request.ask_id.as_uuid(),
            step: step.number,
            kind: request.kind,
            text: request.text,
            options: request.options,
            expires_at: request.expires_at.map(times::from_millis),
            call,
        })
    }
}

impl From<StepState> for StepView {
    fn from(step: StepState) -> Self {
        // What a finished step said stands in its output.
        let speaking = step.is_running() && !step.text.is_empty();
        Self {
            text: speaking.then_some(step.text),
            number: step.number,
            kind: step.kind,
            name: step.name,
            status: step.status,
            input: step.input,
            output: step.output,
            tool_call: step.call.map(Into::into),
            usage: step.usage.map(Into::into),
            error: step.error.map(Into::into),
            started_at: Some(times::from_millis(step.started_at)),
            ended_at: step.ended_at.map(times::from_millis),
        }
    }
}

impl From<CallState> for CallView {
    fn from(call: CallState) -> Self {
        let mut view = Self {
            call_id: call.request.call_id.as_uuid(),
            tool_name: call.request.tool_name.to_string(),
            params: call.request.params,
            result: Value::Null,
            success: None,
            error: None,
            duration_ms: None,
        };
        if let Some(result) = call.result {
            view.success = Some(result.success);
            view.duration_ms = Some(result.duration_ms);
            view.error = result.error.map(Into::into);
            view.result = result.result;
        }
        view
    }
}

impl From<Artifact> for ArtifactLink {
    fn from(artifact: Artifact) -> Self {
        Self {
            artifact_id: artifact.artifact_id.as_uuid(),
            title: artifact.title,
            media_type: artifact.media_type,
            bytes: artifact.bytes,
            url: artifact.url,
            citations: artifact.citations,
        }
    }
}
