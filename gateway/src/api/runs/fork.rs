//! `POST /api/v1/runs/{run_id}/fork`: a new run that takes over the results of another, up to a step.

use axum::{extract::State, http::StatusCode, response::IntoResponse};
use sba_service::log::ReadError;
use sba_store::runs;
use sba_subjects::{
    event::{Created, ForkOf},
    id::{RunId, SessionId, UserId},
    state::{ForkError, RunState},
    tool::spec,
};
use serde::{Deserialize, Serialize};
use tracing::{Span, field::display};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    keyed,
    start::{Started, accept},
};
use crate::{
    api::idempotency::{self, KeyHeader},
    app::App,
    auth::Principal,
    error::{ApiError, Code},
    extract::{Json, Path},
};

/// Where a run branches off.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"at_step": 2}))]
pub(crate) struct ForkRun {
    /// The last step that is taken over with its result; 0 for none.
    #[serde(alias = "atStep")]
    at_step: u32,
    /// May stand here instead of in the header `Idempotency-Key`.
    #[serde(default, alias = "idempotencyKey")]
    idempotency_key: Option<String>,
}

/// What the hash of a request covers: the run that it branches off from says the rest.
#[derive(Serialize)]
struct Asked {
    user_id: UserId,
    fork_of: ForkOf,
}

/// Fork a run
///
/// Starts a new run that was asked what this one was asked. It says the results of the steps up to `at_step` again, without
/// calling a model or a tool for them, and goes on from there with the roles of the token and the tenant's settings as they
/// are now. It may branch off from a run that goes on, as well as from one that has ended.
#[utoipa::path(
    post, path = "/api/v1/runs/{run_id}/fork", tag = "runs",
    params(
        ("run_id" = Uuid, Path, description = "The run to branch off from"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes it safe to send the request again"),
    ),
    request_body = ForkRun,
    responses(
        (status = 201, description = "The new run is stored", body = Started),
        (status = 400, description = "`invalid_request`, `validation_failed`", body = crate::error::ErrorBody),
        (status = 403, description = "`forbidden`: the role, or a tool's roles", body = crate::error::ErrorBody),
        (status = 404, description = "`not_found`", body = crate::error::ErrorBody),
        (status = 409, description = "`step_under_way`, `idempotency_conflict`", body = crate::error::ErrorBody),
        (status = 410, description = "`log_gone`", body = crate::error::ErrorBody),
        (status = 503, description = "`storage_full`, `unavailable`, `overloaded`", body = crate::error::ErrorBody),
    ),
)]
pub(crate) async fn fork_run(
    State(app): State<App>,
    principal: Principal,
    Path(source): Path<Uuid>,
    key: KeyHeader,
    Json(request): Json<ForkRun>,
) -> Result<impl IntoResponse, ApiError> {
    let key = key.or_body(request.idempotency_key)?;
    let which = keyed::run(&app, &principal, key.as_deref()).await?;
    let run = which.run();
    Span::current().record("run_id", display(run));

    let state = source_of(&app, &principal, RunId::from_uuid(source)).await?;
    let created = created(&app, &principal, state, request.at_step).await?;
    let created_at = accept::store(&app, &principal, which, &created, app.clock.now()).await?;
    let started = Started::of(run, &created, created_at);
    Ok((StatusCode::CREATED, started.location(), Json(started)))
}

/// The run to branch off from. One whose log was removed has no results that could be taken over.
async fn source_of(app: &App, principal: &Principal, source: RunId) -> Result<RunState, ApiError> {
    let unavailable =
        |error: ReadError| ApiError::new(Code::Unavailable, "the run cannot be read now").caused_by(error);
    if let Some(loaded) = app.log.load(&principal.key, source).await.map_err(unavailable)? {
        return Ok(loaded.state);
    }
    let mut tx = app.store.begin(principal.tenant).await?;
    Err(match runs::get(&mut tx, source).await? {
        Some(_) => ApiError::new(Code::LogGone, "the log of the run was removed: there is nothing to branch off from"),
        None => ApiError::not_found("run"),
    })
}

/// The new run's first event: what the other was asked, by whom and as it may be asked now.
async fn created(app: &App, principal: &Principal, source: RunState, step: u32) -> Result<Created, ApiError> {
    let fork_of = ForkOf { run: source.run, step };
    let hash = idempotency::request_hash(&Asked { user_id: principal.user, fork_of })?;
    let asked = source.fork(step, data_encoding::HEXLOWER.encode(&hash)).map_err(refused)?;
    if let Some(call) = &asked.call
        && let Some(tool) = spec(call.tool_name.as_str())
    {
        principal.may_call(tool)?;
    }
    Ok(Created {
        user_id: principal.user,
        session_id: session(app, principal, asked.session_id).await?,
        roles: principal.roles(),
        settings: Box::new(principal.settings(app).await?),
        ..asked
    })
}

/// The session of the other run, where it is the user's own and lasts; else none.
async fn session(app: &App, principal: &Principal, id: Option<SessionId>) -> Result<Option<SessionId>, ApiError> {
    let Some(id) = id else { return Ok(None) };
    match app.sessions.usable(principal, id, app.clock.now()).await {
        Ok(_) => Ok(Some(id)),
        Err(error) if matches!(error.code(), Code::NotFound | Code::SessionExpired) => Ok(None),
        Err(error) => Err(error),
    }
}

fn refused(error: ForkError) -> ApiError {
    match error {
        ForkError::NoSuchStep { .. } => ApiError::invalid_field("at_step", error.to_string()),
        ForkError::UnderWay { .. } => ApiError::new(Code::StepUnderWay, format!("{error}: it has no result yet")),
    }
}
