//! Serving a tool: the tenant's own worker is given its calls and says what came of them.
//!
//! A call is a job that waits in a queue of its tool, like those of SBA's own workers. A gateway takes it out for the worker
//! that asks, and the delivery is acknowledged when the worker has answered; one that falls silent loses it to another. What
//! a call does once only is recorded before it is handed out.

mod done;
mod next;
mod outcome;
mod progress;

use sba_service::log::Loaded;
use sba_subjects::{
    id::{CallId, RunId},
    name::{ServeVerb, ToolName},
    receipt::Receipt,
    run::RunStatus,
    state::{CallState, RunState},
};

use super::Answer;
use crate::{
    api::tools::{register, served_name},
    app::App,
    auth::Principal,
    error::{ApiError, Code},
    extract::{parse, parse_or_nothing},
};

/// Does what a worker asks.
///
/// # Errors
/// `forbidden`, `not_found`, `validation_failed`, `invalid_request`, `too_many_tools`, `unavailable`.
pub(super) async fn carry_out(
    app: &App,
    principal: &Principal,
    verb: ServeVerb,
    tool: &ToolName,
    body: &[u8],
) -> Result<Answer, ApiError> {
    let tool = served_name(tool.as_str())?;
    match verb {
        ServeVerb::Register => Answer::of(&register(app, principal, tool.as_str(), parse(body)?, None).await?),
        ServeVerb::Next => Answer::of(&next::next(app, principal, &tool, parse_or_nothing(body)?).await?),
        ServeVerb::Progress => Answer::of(&progress::progress(app, principal, &tool, parse(body)?).await?),
        ServeVerb::Done => Answer::of(&done::done(app, principal, &tool, parse(body)?).await?),
    }
}

/// How a call stands in its run.
enum Standing {
    /// The run waits for its result, and wants it.
    Wanted(Box<CallState>),
    /// The run waits for it to stop.
    Unwanted(Box<CallState>),
    /// The run goes on without it.
    Over,
}

/// Looks how a call stands.
///
/// # Errors
/// `not_found` where the run never made it, `unavailable`.
async fn standing(
    app: &App,
    principal: &Principal,
    tool: &ToolName,
    run: RunId,
    call: CallId,
) -> Result<Standing, ApiError> {
    let loaded = app.log.load(&principal.key, run).await;
    let loaded =
        loaded.map_err(|error| ApiError::new(Code::Unavailable, "the run cannot be read now").caused_by(error))?;
    let Loaded { state, .. } = loaded.ok_or_else(|| ApiError::not_found("run"))?;
    let known = state.steps.iter().filter_map(|step| step.call.as_ref());
    let known = known.filter(|known| known.request.call_id == call && known.request.tool_name == *tool).count();
    if known == 0 {
        return Err(ApiError::not_found("call"));
    }
    Ok(match pending(&state, call) {
        Some(call) if state.status == RunStatus::Cancelling => Standing::Unwanted(Box::new(call.clone())),
        Some(call) if !state.status.is_terminal() => Standing::Wanted(Box::new(call.clone())),
        _ => Standing::Over,
    })
}

fn pending(state: &RunState, call: CallId) -> Option<&CallState> {
    state.running_steps().filter_map(|step| step.pending_call()).find(|pending| pending.request.call_id == call)
}

/// Says something of a delivery: of this tenant's and this tool's, whatever the receipt says.
async fn acknowledge(
    app: &App,
    principal: &Principal,
    tool: &ToolName,
    receipt: &Receipt,
    kind: &'static str,
) -> Result<(), ApiError> {
    let told = app.jetstream.client().publish(receipt.subject(&principal.key, tool), kind.into()).await;
    told.map_err(|error| ApiError::new(Code::Unavailable, "the connection to NATS is lost").caused_by(error))
}
