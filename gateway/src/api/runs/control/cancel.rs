//! `POST /api/v1/runs/{run_id}/cancel`: end a run early.

use axum::extract::State;
use garde::Validate;
use sba_subjects::command::CommandBody;
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Answer, Commanded, Refusals, accepted, give};
use crate::{
    api::idempotency::KeyHeader,
    app::App,
    auth::Principal,
    error::ApiError,
    extract::{Checked as _, JsonOrNothing, Path, no_control},
};

/// The reason where none is given.
const NO_REASON: &str = "cancelled by a person";

/// The early end of a run.
#[derive(Debug, Default, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"reason": "The question was wrong."}))]
pub(crate) struct CancelRun {
    /// Why, for whoever looks at the run later.
    #[serde(default)]
    #[garde(inner(length(chars, min = 1, max = 500), custom(no_control)))]
    #[schema(max_length = 500)]
    reason: Option<String>,
    /// May stand here instead of in the header `Idempotency-Key`.
    #[serde(default, alias = "idempotencyKey")]
    #[garde(skip)]
    idempotency_key: Option<String>,
}

/// Cancel a run
///
/// What is under way is stopped first: the run is `cancelling` until all of it has stopped, then `cancelled`.
#[utoipa::path(
    post, path = "/api/v1/runs/{run_id}/cancel", tag = "runs",
    params(
        ("run_id" = Uuid, Path, description = "The run"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes it safe to send the request again"),
    ),
    request_body = Option<CancelRun>,
    responses(
        Refusals,
        (status = 202, description = "The run is about to end", body = Commanded),
        (status = 409, description = "`run_finished`", body = crate::error::ErrorBody),
    ),
)]
pub(crate) async fn cancel_run(
    State(app): State<App>,
    principal: Principal,
    Path(run): Path<Uuid>,
    key: KeyHeader,
    JsonOrNothing(request): JsonOrNothing<CancelRun>,
) -> Answer {
    cancel_as_asked(&app, &principal, run, key, request).await.map(accepted)
}

/// Does what a request asks, whichever way it came.
///
/// # Errors
/// Those of the endpoint.
pub(crate) async fn cancel_as_asked(
    app: &App,
    principal: &Principal,
    run: Uuid,
    key: KeyHeader,
    request: CancelRun,
) -> Result<Commanded, ApiError> {
    cancel(app, principal, run, key.or_body(request.idempotency_key)?, request.reason).await
}

/// Asks for the early end of a run.
///
/// # Errors
/// Those of the endpoint.
pub(crate) async fn cancel(
    app: &App,
    principal: &Principal,
    run: Uuid,
    key: Option<String>,
    reason: Option<String>,
) -> Result<Commanded, ApiError> {
    let CancelRun { reason, .. } = CancelRun { reason, idempotency_key: None }.checked(&())?;
    let reason = reason.unwrap_or_else(|| NO_REASON.to_owned());
    give(app, principal, run, key, CommandBody::Cancel { reason }, |_| Ok(())).await
}
