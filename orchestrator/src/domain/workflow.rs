//! Plans: which step comes next. A plan is a function of the state, so it needs no memory of its own.

use sba_subjects::{
    event::{Artifact, ToolRequest, ToolResult},
    id::{AskId, CallId},
    name::ToolName,
    run::{Failure, StepKind, StepStatus, Workflow},
    state::{RunState, StepState},
    tool::{Hit, KNOWLEDGE_TOOL, RENDER_TOOL, RenderResult, SearchResult, spec},
};
use serde_json::Value;
use uuid::Uuid;

use super::Agent;

pub(super) mod agentic;
mod direct;
pub(super) mod flaw;
mod grounded;
mod render;
mod served;
mod tidy;

pub use agentic::{ModelCall, Source, Thought};
pub use render::{Piece, WriteInput};
pub use tidy::tidy;

/// What a plan asks for.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Next {
    /// A call of the model.
    Model {
        /// What the step is called.
        name: &'static str,
        /// What it is given.
        input: Value,
    },
    /// Calls of tools, side by side.
    Tools(Vec<Proposal>),
    /// Nothing more: the run is complete.
    Finish,
    /// It cannot be completed.
    Fail(Failure),
}

/// A tool call that a plan asks for. Whether it may be made is looked at when its step begins.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Proposal {
    /// What the step is called.
    pub(super) name: String,
    /// What the step is given, for whoever reads the log.
    pub(super) input: Value,
    /// The tool, whether there is one of that name or not.
    pub(super) tool: String,
    /// What the tool is given, or why there can be no call.
    pub(super) params: Result<Value, Failure>,
}

/// What comes next in a run that waits for nothing.
#[must_use]
pub(super) fn next(state: &RunState, agent: &Agent) -> Next {
    match state.workflow {
        Workflow::Render => render::next(state, agent),
        Workflow::Agentic => agentic::next(state, agent),
        Workflow::Tool => direct::next(state),
    }
}

/// The number that the next step gets.
#[must_use]
pub(super) fn next_number(state: &RunState) -> u32 {
    state.steps.last().map_or(1, |step| step.number + 1)
}

/// Why the last tool call of the run failed, for plans that cannot do without it.
fn failed_call(state: &RunState) -> Option<Failure> {
    let failed = |step: &&StepState| step.kind == StepKind::Tool && step.status == StepStatus::Failed;
    let step = state.steps.iter().find(failed)?;
    let unsaid = || Failure::new("tool_failed", "The tool failed and did not say why.");
    Some(step.error.clone().unwrap_or_else(unsaid))
}

/// The passages that the run looked up, best first, each once.
#[must_use]
pub fn hits(state: &RunState) -> Vec<Hit> {
    let mut all: Vec<Hit> = Vec::new();
    for result in state.steps.iter().filter_map(|step| step.call.as_ref()?.result.as_ref()) {
        if result.tool_name.as_str() != KNOWLEDGE_TOOL {
            continue;
        }
        let found: SearchResult = serde_json::from_value(result.result.clone()).unwrap_or_default();
        for hit in found.hits {
            if !all.iter().any(|known| known.document_id == hit.document_id && known.start == hit.start) {
                all.push(hit);
            }
        }
    }
    all
}

/// The document that a tool made, where it made one.
#[must_use]
pub(super) fn artifact(result: &ToolResult) -> Option<Artifact> {
    let rendered = result.tool_name.as_str() == RENDER_TOOL;
    let result = rendered.then(|| serde_json::from_value::<RenderResult>(result.result.clone()).ok())?;
    result.map(|result| result.artifact)
}

/// The call that a step makes. Its id follows from the run and the step, and for a call that is made `again` from
/// where the log stands, so whoever decides on the same state asks for the same call.
pub(super) fn call(state: &RunState, step: u32, tool: ToolName, params: Value, again: bool) -> Option<ToolRequest> {
    let own = spec(tool.as_str()).map(|tool| tool.effect);
    let effect = own.or_else(|| state.settings.served(tool.as_str()).map(|tool| tool.effect))?;
    let call_id = if again { CallId::again(state.run, step, state.seq) } else { CallId::of_step(state.run, step) };
    Some(ToolRequest { call_id, tool_name: tool, params, effect })
}

/// The id of what is asked a person next.
pub(super) fn ask_id(state: &RunState) -> AskId {
    AskId::from_uuid(Uuid::new_v5(&state.run.as_uuid(), format!("ask\0{}", state.seq).as_bytes()))
}
