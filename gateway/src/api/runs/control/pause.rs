//! `POST /api/v1/runs/{run_id}/pause` and `…/resume`: hold a run, and let it go on.

use axum::extract::State;
use sba_subjects::{command::CommandBody, run::RunStatus};
use uuid::Uuid;

use super::{Answer, Commanded, KeyOnly, Refusals, accepted, give};
use crate::{
    api::idempotency::KeyHeader,
    app::App,
    auth::Principal,
    error::{ApiError, Code},
    extract::{JsonOrNothing, Path},
};

/// Pause a run
///
/// The run does nothing more until it is resumed. Tools that are under way go on, and their results are kept; a call of
/// the model is broken off, and made anew later.
#[utoipa::path(
    post, path = "/api/v1/runs/{run_id}/pause", tag = "runs",
    params(
        ("run_id" = Uuid, Path, description = "The run"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes it safe to send the request again"),
    ),
    request_body = Option<KeyOnly>,
    responses(
        Refusals,
        (status = 202, description = "The run is about to be paused", body = Commanded),
        (status = 409, description = "`run_finished`", body = crate::error::ErrorBody),
    ),
)]
pub(crate) async fn pause_run(
    State(app): State<App>,
    principal: Principal,
    Path(run): Path<Uuid>,
    key: KeyHeader,
    JsonOrNothing(request): JsonOrNothing<KeyOnly>,
) -> Answer {
    let key = key.or_body(request.idempotency_key)?;
    pause(&app, &principal, run, key).await.map(accepted)
}

/// Holds a run.
///
/// # Errors
/// Those of the endpoint.
pub(crate) async fn pause(
    app: &App,
    principal: &Principal,
    run: Uuid,
    key: Option<String>,
) -> Result<Commanded, ApiError> {
    give(app, principal, run, key, CommandBody::Pause, |_| Ok(())).await
}

/// Resume a run
///
/// The run goes on where it was held.
#[utoipa::path(
    post, path = "/api/v1/runs/{run_id}/resume", tag = "runs",
    params(
        ("run_id" = Uuid, Path, description = "The run"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes it safe to send the request again"),
    ),
    request_body = Option<KeyOnly>,
    responses(
        Refusals,
        (status = 202, description = "The run is about to go on", body = Commanded),
        (status = 409, description = "`run_finished`, `not_paused`", body = crate::error::ErrorBody),
    ),
)]
pub(crate) async fn resume_run(
    State(app): State<App>,
    principal: Principal,
    Path(run): Path<Uuid>,
    key: KeyHeader,
    JsonOrNothing(request): JsonOrNothing<KeyOnly>,
) -> Answer {
    let key = key.or_body(request.idempotency_key)?;
    resume(&app, &principal, run, key).await.map(accepted)
}

/// Lets a run go on that was held.
///
/// # Errors
/// Those of the endpoint.
pub(crate) async fn resume(
    app: &App,
    principal: &Principal,
    run: Uuid,
    key: Option<String>,
) -> Result<Commanded, ApiError> {
    give(app, principal, run, key, CommandBody::Resume, |state| match state.status {
        RunStatus::Paused => Ok(()),
        _ => Err(ApiError::new(Code::NotPaused, "the run is not paused")),
    })
    .await
}
