//! What an event says, as rows.

use sba_store::{
    projection::Facts,
    runs::{NewRun, RunUpdate},
    steps::{StepFinish, StepStart},
    tool_calls::{CallRequest, CallResult},
};
use sba_subjects::{envelope::Envelope, event::Event, run::RunStatus};
use serde_json::json;
use time::OffsetDateTime;

/// Adds what an event says.
pub(super) fn add(facts: &mut Facts, event: Envelope) {
    let at = at(event.ts);
    let update = RunUpdate::new(event.run, event.seq, at);
    let step = event.step.unwrap_or_default();
    match event.payload {
        Event::Created(created) => facts.new_runs.push(NewRun {
            id: event.run,
            seq: event.seq,
            at,
            user_id: created.user_id,
            session_id: created.session_id,
            workflow: created.workflow.to_string(),
            request: json!({"prompt": created.prompt, "options": created.options}),
            prompt: created.prompt,
        }),
        Event::Attempt(_) => facts.run_updates.push(RunUpdate { attempt: Some(event.attempt), ..update }),
        Event::Status(status) => facts.run_updates.push(RunUpdate { status: Some(status.status), ..update }),
        Event::StepStarted(started) => facts.step_starts.push(StepStart {
            run: event.run,
            number: step,
            seq: event.seq,
            at,
            attempt: event.attempt,
            kind: started.kind,
            name: started.name,
            input: started.input,
        }),
        Event::ToolRequest(request) => facts.call_requests.push(CallRequest {
            id: request.call_id,
            run: event.run,
            step,
            seq: event.seq,
            at,
            tool_name: request.tool_name.to_string(),
            effect: request.effect,
            params: request.params,
        }),
        Event::ToolResult(result) => facts.call_results.push(CallResult {
            id: result.call_id,
            seq: event.seq,
            at,
            success: result.success,
            result: result.result,
            error: result.error,
            duration_ms: result.duration_ms,
        }),
        Event::StepFinished(finished) => facts.step_finishes.push(StepFinish {
            run: event.run,
            number: step,
            seq: event.seq,
            at,
            status: finished.status,
            output: finished.output,
            usage: finished.usage.unwrap_or_default(),
            error: finished.error,
        }),
        Event::Done(done) => facts.run_updates.push(RunUpdate {
            status: Some(done.status),
            usage: Some(done.usage),
            error: done.error.filter(|_| done.status != RunStatus::Completed),
            ..update
        }),
        // The text and the answers stand in the step's output, the artifact in its own table, the error in `done`.
        Event::Token(_)
        | Event::Artifact(_)
        | Event::Error(_)
        | Event::InputRequest(_)
        | Event::InputResult(_)
        | Event::Refused(_)
        | Event::Stalled(_) => {}
    }
}

/// A time of the log as Postgres takes it.
fn at(millis: u64) -> OffsetDateTime {
    let nanos = i128::from(millis) * 1_000_000;
    OffsetDateTime::from_unix_timestamp_nanos(nanos).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}
