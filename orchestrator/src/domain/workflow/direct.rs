//! One tool call, asked for by name.

use serde_json::Value;

use sba_subjects::{run::Failure, state::RunState};

use super::{Next, Proposal, failed_call};

pub(super) fn next(state: &RunState) -> Next {
    if let Some(failure) = failed_call(state) {
        return Next::Fail(failure);
    }
    if !state.steps.is_empty() {
        return Next::Finish;
    }
    let Some(call) = &state.call else {
        return Next::Fail(Failure::new("call_missing", "The run does not say which tool to call."));
    };
    let tool = call.tool_name.to_string();
    let params = Ok(call.params.clone());
    Next::Tools(vec![Proposal { name: tool.clone(), input: Value::Null, tool, params }])
}
