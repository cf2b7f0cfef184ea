//! What is known of a call's effect, and telling its run.

use sba_service::publish;
use sba_store::effects::{self, Begun, Call};
use sba_subjects::{
    command::{Command, CommandBody},
    envelope::VERSION,
    event::{ToolRequest, ToolResult},
    id::{CallId, CommandId, RunId},
    job::ToolJob,
    name::Verb,
    run::{Effect, Failure},
    subject::Subject,
};
use serde_json::{Value, json};

use crate::{
    api::times,
    app::App,
    auth::Principal,
    error::{ApiError, Code},
};

/// What is known of a call that is about to be handed out.
pub(super) enum Known {
    /// It may be made.
    Free,
    /// It has an end, and is not made again.
    Settled(Box<ToolResult>),
}

/// Records that a call is handed out, unless it was before and must not be made again.
///
/// # Errors
/// `unavailable`, `internal`.
pub(super) async fn begin(app: &App, principal: &Principal, id: CallId, call: &ToolJob) -> Result<Known, ApiError> {
    if call.effect == Effect::Pure {
        return Ok(Known::Free);
    }
    let mut tx = app.store.begin(principal.tenant).await?;
    let begun = effects::begin(&mut tx, &Call::of(id, call.tool_name.as_str(), &call.params)).await?;
    tx.commit().await?;
    let failed = |code: &str, message: &str| {
        let (call_id, tool_name) = (id, call.tool_name.clone());
        let error = Some(Failure::new(code, message));
        Known::Settled(Box::new(ToolResult {
            call_id,
            tool_name,
            success: false,
            result: Value::Null,
            error,
            duration_ms: 0,
        }))
    };
    Ok(match begun {
        Begun::Done(record) => Known::Settled(Box::new(read(record)?)),
        Begun::Unfinished if call.effect == Effect::AtMostOnce => {
            failed("effect_unknown", "the call was begun before, and it is not known whether it had its effect")
        }
        Begun::Other => failed("tool_call_reused", "the call's id stands for another call, or for other parameters"),
        Begun::Fresh | Begun::Unfinished => Known::Free,
    })
}

/// Records what came of a call; gives back what was recorded of it first.
///
/// # Errors
/// `unavailable`, `internal`.
pub(super) async fn finish(
    app: &App,
    principal: &Principal,
    request: &ToolRequest,
    result: ToolResult,
) -> Result<ToolResult, ApiError> {
    if request.effect == Effect::Pure {
        return Ok(result);
    }
    let call = Call::of(request.call_id, request.tool_name.as_str(), &request.params);
    let mut tx = app.store.begin(principal.tenant).await?;
    if let Begun::Done(record) = effects::begin(&mut tx, &call).await? {
        return read(record);
    }
    effects::finish(&mut tx, call.id, &json!(result)).await?;
    tx.commit().await?;
    Ok(result)
}

/// Tells the run what came of its call. The command's id follows from the call, so that a repeat is recognised as one.
///
/// # Errors
/// `unavailable`, `storage_full`, `payload_too_large`.
pub(super) async fn send(app: &App, principal: &Principal, run: RunId, result: ToolResult) -> Result<(), ApiError> {
    let id = CommandId::from_uuid(principal.key.derive("result", &result.call_id.to_string()));
    let command = Command { v: VERSION, id, ts: times::to_millis(app.clock.now()), body: CommandBody::Result(result) };
    let subject = Subject::Cmd { tenant: principal.key.clone(), run, verb: Verb::Result };
    publish::message(&app.jetstream, &subject, &command, app.config.nats.request_timeout_ms.duration()).await?;
    Ok(())
}

fn read(record: Value) -> Result<ToolResult, ApiError> {
    serde_json::from_value(record)
        .map_err(|error| ApiError::new(Code::Internal, "what the call did cannot be read").caused_by(error))
}
