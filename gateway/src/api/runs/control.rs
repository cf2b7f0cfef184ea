//! Commands for runs that were started: answers, the end, a pause and its end.
//!
//! What a run cannot do is refused here, by its log, so that whoever asks is told. What changes between the look and the
//! command is settled by the run itself, which says so in its log.

mod answer;
mod cancel;
mod pause;

use axum::http::{HeaderName, StatusCode, header};
use sba_service::publish;
use sba_subjects::{
    command::{Command, CommandBody},
    envelope::VERSION,
    id::{CommandId, RunId},
    name::{Control, Verb},
    run::RunStatus,
    state::RunState,
    subject::Subject,
};
use serde::{Deserialize, Serialize};
use tracing::{Span, field::display};
use utoipa::{IntoResponses, ToSchema};
use uuid::Uuid;

pub(crate) use self::{answer::*, cancel::*, pause::*};
use crate::{
    api::{idempotency::KeyHeader, runs::links::Links, times},
    app::App,
    auth::Principal,
    error::{ApiError, Code, ErrorBody},
    extract::{Json, parse, parse_or_nothing},
};

/// A command that was taken.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Commanded {
    /// The command. What the run does because of it names it as `cause`.
    command_id: Uuid,
    /// The run.
    run_id: Uuid,
    /// Where the run stood when the command was taken.
    #[schema(value_type = String, example = "waiting_input")]
    status: RunStatus,
}

/// A body that says nothing but a key.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct KeyOnly {
    /// May stand here instead of in the header `Idempotency-Key`.
    #[serde(default, alias = "idempotencyKey")]
    idempotency_key: Option<String>,
}

/// Does what the body of a request asks of a run, as the endpoint for it does.
///
/// # Errors
/// Those of the endpoint.
pub(crate) async fn as_asked(
    app: &App,
    principal: &Principal,
    (verb, run): (Control, RunId),
    key: KeyHeader,
    body: &[u8],
) -> Result<Commanded, ApiError> {
    let run = run.as_uuid();
    let held = || parse_or_nothing::<KeyOnly>(body).map(|said| said.idempotency_key);
    match verb {
        Control::Input => answer_as_asked(app, principal, run, key, parse(body)?).await,
        Control::Cancel => cancel_as_asked(app, principal, run, key, parse_or_nothing(body)?).await,
        Control::Pause => pause(app, principal, run, key.or_body(held()?)?).await,
        Control::Resume => resume(app, principal, run, key.or_body(held()?)?).await,
    }
}

/// What can stand against any command; what stands against one of them alone is said beside it.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "it describes answers that are made from `ApiError`")]
pub(crate) enum Refusals {
    /// `invalid_request`, `validation_failed`
    #[response(status = 400)]
    Invalid(ErrorBody),
    /// `forbidden`
    #[response(status = 403)]
    Forbidden(ErrorBody),
    /// `not_found`
    #[response(status = 404)]
    NotFound(ErrorBody),
    /// `too_many_commands`, `rate_limited`
    #[response(status = 429)]
    TooMany(ErrorBody),
    /// `unavailable`, `storage_full`, `overloaded`
    #[response(status = 503)]
    Unavailable(ErrorBody),
}

type Answer = Result<(StatusCode, [(HeaderName, String); 1], Json<Commanded>), ApiError>;

/// The answer to a command that was taken: what it comes to shows in the run.
fn accepted(commanded: Commanded) -> (StatusCode, [(HeaderName, String); 1], Json<Commanded>) {
    let run = Links::of(RunId::from_uuid(commanded.run_id)).run;
    (StatusCode::ACCEPTED, [(header::LOCATION, run)], Json(commanded))
}

/// Gives a command to a run, where `fits` finds that the run can do it. One that the run was given before is taken
/// again, wherever the run stands by now.
async fn give(
    app: &App,
    principal: &Principal,
    run: Uuid,
    key: Option<String>,
    body: CommandBody,
    fits: impl FnOnce(&RunState) -> Result<(), ApiError>,
) -> Result<Commanded, ApiError> {
    let run = RunId::from_uuid(run);
    Span::current().record("run_id", display(run));
    let loaded = app
        .log
        .load(&principal.key, run)
        .await
        .map_err(|error| ApiError::new(Code::Unavailable, "the run cannot be read now").caused_by(error))?;
    let state = loaded.ok_or_else(|| ApiError::not_found("run"))?.state;
    let verb = body.verb();
    let id = key.map_or_else(|| app.ids.make(), |key| command_for(principal, run, verb, &key));
    if !state.commands.contains(&id) {
        if state.status.is_terminal() {
            return Err(ApiError::new(Code::RunFinished, "the run has ended"));
        }
        fits(&state)?;
        let command = Command { v: VERSION, id, ts: times::to_millis(app.clock.now()), body };
        let subject = Subject::Cmd { tenant: principal.key.clone(), run, verb };
        publish::message(&app.jetstream, &subject, &command, app.config.nats.request_timeout_ms.duration()).await?;
    }
    Ok(Commanded { command_id: id.as_uuid(), run_id: run.as_uuid(), status: state.status })
}

/// The command that a key stands for: the same from any gateway.
fn command_for(principal: &Principal, run: RunId, verb: Verb, key: &str) -> CommandId {
    CommandId::from_uuid(principal.key.derive("command", &format!("{run}\0{verb}\0{key}")))
}
