//! Calls a tool for a run and sends the run the result.

use sba_subjects::{event::ToolResult, job::ToolJob, run::Effect};
use serde_json::Value;

use super::{
    Worker,
    answer::{self, MAX_RESULT},
    delivery::Typed,
    guard,
};
use crate::{error::WorkError, tool::ToolContext};

/// Handles one delivery. An error means that the run has not been answered.
pub(super) async fn handle(worker: &Worker, typed: &Typed, call: &ToolJob, last: bool) -> Result<(), WorkError> {
    let began = worker.clock.instant();
    worker.metrics.tool_call(call.tool_name.as_str());
    let outcome = guard::within(worker.policy.deadline, execute(worker, typed, call)).await;
    let duration = worker.clock.instant().saturating_duration_since(began);
    let (result, error) = match outcome {
        Ok(result) => (result, None),
        Err(error) if error.retryable && !last => return Err(error),
        Err(error) => {
            tracing::warn!(code = error.code, error = error.chain(), tool = %call.tool_name, "a tool call failed");
            (Value::Null, Some(error.failure()))
        }
    };
    let result = ToolResult {
        call_id: typed.job.id,
        tool_name: call.tool_name.clone(),
        success: error.is_none(),
        result,
        error,
        duration_ms: u64::try_from(duration.as_millis()).unwrap_or(u64::MAX),
    };
    answer::send(worker, &typed.tenant, call.run, result).await
}

async fn execute(worker: &Worker, typed: &Typed, call: &ToolJob) -> Result<Value, WorkError> {
    let name = call.tool_name.as_str();
    let effect = worker.tools.get(name).map(|tool| tool.effect());
    // Nobody knows how far the first try came.
    if typed.attempt > 1 && effect == Some(Effect::AtMostOnce) {
        return Err(WorkError::lasting("effect_unknown", "it is not known whether the call had its effect"));
    }
    let context = ToolContext {
        tenant_key: typed.tenant.clone(),
        tenant: typed.job.tenant_id,
        user: typed.job.user_id,
        run: call.run,
        step: call.step,
        call: typed.job.id,
    };
    let result = worker.tools.execute(name, &context, call.params.clone()).await?;
    bounded(result)
}

fn bounded(result: Value) -> Result<Value, WorkError> {
    let size = result.to_string().len();
    if size <= MAX_RESULT {
        return Ok(result);
    }
    let message = format!("the result has {size} bytes, {MAX_RESULT} are allowed");
    Err(WorkError::lasting("tool_result_too_large", message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_huge_result_is_an_error() {
        assert!(bounded(Value::from("x".repeat(MAX_RESULT - 2))).is_ok());
        let error = bounded(Value::from("x".repeat(MAX_RESULT))).map_err(|error| error.code);
        assert_eq!(error, Err("tool_result_too_large"));
    }
}
