//! Calls a tool for a run and sends the run the result.

use std::time::Duration;

use sba_service::config::Tries;
use sba_subjects::{
    event::ToolResult,
    id::{CallId, RunId, TenantKey},
    job::ToolJob,
    name::ToolName,
    run::Effect,
};
use serde_json::Value;

use super::{
    Worker, answer,
    bounds::bounded,
    guard,
    once::{self, Outcome},
    read::{Typed, Waiting},
    stop::{self, Ended},
};
use crate::{
    error::{Again, WorkError},
    tool::ToolContext,
};

/// A call, as far as its answer must name it.
struct Asked<'a> {
    tenant: &'a TenantKey,
    run: RunId,
    call: CallId,
    tool_name: &'a ToolName,
}

/// Handles one delivery. An error means that the call is not done; after one that is lasting the run knows, too.
pub(super) async fn handle(worker: &Worker, typed: &Typed, call: &ToolJob, tries: &Tries) -> Result<(), WorkError> {
    let began = worker.clock.instant();
    worker.metrics.tool_call(call.tool_name.as_str());
    let deadline = tries.deadline;
    let work = guard::patiently(worker, || guard::within(deadline, execute(worker, typed, call)));
    let done = match effect(worker, call) {
        None => work.await,
        Some(effect) => match stop::unless_stopped(worker, typed, call, effect, work).await? {
            Ended::Done(done) => done,
            // What is gone does not come again, whatever is said of it. But the leader of three servers may not have
            // applied yet what another has delivered: then it does, and is looked for again.
            Ended::Gone => {
                let message = "the call does not stand in its queue: it was taken back before it was made";
                return Err(WorkError::passing("call_taken_back", message));
            }
        },
    };
    let lasted = worker.clock.instant().saturating_duration_since(began);
    let to = asked(typed, call);
    match done {
        Ok(outcome) => send(worker, &to, outcome, lasted).await,
        Err(error) if error.is_tried_again(tries, typed.attempt) => Err(error),
        Err(error) => {
            tracing::warn!(code = error.code, error = error.chain(), tool = %call.tool_name, "a tool call failed");
            send(worker, &to, Outcome::Error(error.failure()), lasted).await?;
            error.exhausted()
        }
    }
}

/// Tells the run that its call will never be done.
pub(super) async fn fail(worker: &Worker, typed: &Typed, call: &ToolJob, why: &WorkError) -> Result<(), WorkError> {
    send(worker, &asked(typed, call), Outcome::Error(why.failure()), Duration::ZERO).await
}

/// Tells a run that its call cannot be read.
pub(super) async fn refuse(worker: &Worker, waiting: &Waiting, why: &WorkError) -> Result<(), WorkError> {
    let Waiting { tenant, run, call, tool_name } = waiting;
    let asked = Asked { tenant, run: *run, call: *call, tool_name };
    send(worker, &asked, Outcome::Error(why.failure()), Duration::ZERO).await
}

fn asked<'a>(typed: &'a Typed, call: &'a ToolJob) -> Asked<'a> {
    Asked { tenant: &typed.tenant, run: call.run, call: typed.job.id, tool_name: &call.tool_name }
}

/// A result that the queue of commands does not take is replaced by the reason.
async fn send(worker: &Worker, to: &Asked<'_>, outcome: Outcome, lasted: Duration) -> Result<(), WorkError> {
    let told = async |outcome| {
        let (result, error) = match outcome {
            Outcome::Result(result) => (result, None),
            Outcome::Error(failure) => (Value::Null, Some(failure)),
        };
        let result = ToolResult {
            call_id: to.call,
            tool_name: to.tool_name.clone(),
            success: error.is_none(),
            result,
            error,
            duration_ms: u64::try_from(lasted.as_millis()).unwrap_or(u64::MAX),
        };
        guard::patiently(worker, || answer::send(worker, to.tenant, to.run, result.clone())).await
    };
    match told(outcome).await {
        Err(error) if error.again == Again::Never => told(Outcome::Error(error.failure())).await,
        settled => settled,
    }
}

async fn execute(worker: &Worker, typed: &Typed, call: &ToolJob) -> Result<Outcome, WorkError> {
    let name = call.tool_name.as_str();
    let context = ToolContext {
        tenant_key: typed.tenant.clone(),
        tenant: typed.job.tenant_id,
        user: typed.job.user_id,
        run: call.run,
        step: call.step,
        call: typed.job.id,
    };
    let effect = effect(worker, call);
    let work = async {
        let result = worker.tools.execute(name, &context, call.params.clone()).await?;
        bounded(result, worker.policy.max_result, effect.is_some())
    };
    match effect {
        None => work.await.map(Outcome::Result),
        Some(effect) => once::once(worker, typed, call, effect, work).await,
    }
}

/// What repeating a call does, where it does anything.
fn effect(worker: &Worker, call: &ToolJob) -> Option<Effect> {
    let effect = worker.tools.get(call.tool_name.as_str()).map(|tool| tool.effect());
    effect.filter(|effect| *effect != Effect::Pure)
}
