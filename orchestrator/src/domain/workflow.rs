//! Plans: which step comes next. A plan is a function of the state, so it needs no memory of its own.

use sba_subjects::{
    event::{Artifact, ToolRequest, ToolResult},
    id::CallId,
    name::ToolName,
    run::{Effect, Workflow},
    state::RunState,
    tool::{Hit, RenderResult, SearchResult},
};
use serde_json::Value;
use uuid::Uuid;

use super::Agent;

mod render;

pub use render::{Piece, WriteInput};

/// What a plan asks for.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Next {
    /// A call of the model.
    Model {
        /// What the step is called.
        name: &'static str,
        /// What it is given: a [`WriteInput`].
        input: Value,
    },
    /// A call of a tool.
    Tool {
        /// What the step is called.
        name: &'static str,
        /// The call.
        request: ToolRequest,
    },
    /// Nothing more: the run is complete.
    Finish,
}

/// The next step of a run whose last step, if any, is completed.
#[must_use]
pub(super) fn next(state: &RunState, agent: &Agent) -> Next {
    match state.workflow {
        Workflow::Render => render::next(state, agent),
    }
}

/// The number that the next step gets.
#[must_use]
pub(super) fn next_number(state: &RunState) -> u32 {
    state.steps.last().map_or(1, |step| step.number + 1)
}

/// The passages that the run looked up, best first.
#[must_use]
pub fn hits(state: &RunState) -> Vec<Hit> {
    let result = state.steps.iter().find_map(|step| step.call.as_ref()?.result.as_ref());
    let found = result.and_then(|result| serde_json::from_value::<SearchResult>(result.result.clone()).ok());
    found.unwrap_or_default().hits
}

/// The document that a tool made, where it made one.
#[must_use]
pub(super) fn artifact(result: &ToolResult) -> Option<Artifact> {
    let rendered = result.tool_name.as_str() == sba_subjects::job::RENDER_TOOL;
    let result = rendered.then(|| serde_json::from_value::<RenderResult>(result.result.clone()).ok())?;
    result.map(|result| result.artifact)
}

/// A call of a built-in tool in the next step. Its id follows from the run and the step, so whoever decides
/// on the same state asks for the same call.
fn call(state: &RunState, tool: &'static str, params: Value, effect: Effect) -> Option<ToolRequest> {
    let tool_name: ToolName = tool.parse().ok()?;
    let name = format!("call\0{}", next_number(state));
    let call_id = CallId::from_uuid(Uuid::new_v5(&state.run.as_uuid(), name.as_bytes()));
    Some(ToolRequest { call_id, tool_name, params, effect })
}
