//! `POST /api/v1/runs`: start a run.

pub(super) mod accept;
mod request;

use axum::{
    extract::State,
    http::{HeaderName, StatusCode, header},
    response::IntoResponse,
};
use sba_subjects::{
    event::Created,
    id::RunId,
    run::{RunStatus, Workflow},
};
use serde::Serialize;
use time::OffsetDateTime;
use tracing::{Span, field::display};
use utoipa::ToSchema;
use uuid::Uuid;

pub(in crate::api) use self::request::{Bounds, StartOptions, StartRun};
use super::{keyed, links::Links};
use crate::{
    api::idempotency::KeyHeader,
    app::App,
    auth::Principal,
    error::ApiError,
    extract::{Checked as _, Json},
};

/// A run that was accepted.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Started {
    /// The run.
    run_id: Uuid,
    /// Where it stood when it was accepted.
    #[schema(value_type = String, example = "created")]
    status: RunStatus,
    /// The session that it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    session_id: Option<Uuid>,
    /// The plan that it follows.
    #[schema(value_type = String, example = "render")]
    workflow: Workflow,
    /// When it was accepted.
    #[serde(with = "time::serde::rfc3339")]
    created_at: OffsetDateTime,
    /// Where to go on.
    links: Links,
}

impl Started {
    pub(super) fn of(run: RunId, created: &Created, created_at: OffsetDateTime) -> Self {
        Self {
            run_id: run.as_uuid(),
            status: RunStatus::Created,
            session_id: created.session_id.map(|session| session.as_uuid()),
            workflow: created.workflow,
            created_at,
            links: Links::of(run),
        }
    }

    /// The run.
    pub(in crate::api) const fn run(&self) -> RunId {
        RunId::from_uuid(self.run_id)
    }

    /// The header that says where the run is.
    pub(super) fn location(&self) -> [(HeaderName, String); 1] {
        [(header::LOCATION, self.links.run.clone())]
    }
}

/// Start a run
///
/// The answer comes when the run is stored: it will be driven, whatever happens to this gateway. With an idempotency
/// key, the same request again gives the same run, from any gateway.
#[utoipa::path(
    post, path = "/api/v1/runs", tag = "runs",
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes it safe to send the request again")),
    request_body = StartRun,
    responses(
        (status = 201, description = "The run is stored", body = Started),
        (status = 400, description = "`invalid_request`, `validation_failed`", body = crate::error::ErrorBody),
        (status = 403, description = "`forbidden`, `session_expired`", body = crate::error::ErrorBody),
        (status = 404, description = "`not_found`: the session", body = crate::error::ErrorBody),
        (status = 409, description = "`idempotency_conflict`", body = crate::error::ErrorBody),
        (status = 413, description = "`payload_too_large`", body = crate::error::ErrorBody),
        (status = 503, description = "`storage_full`, `unavailable`, `overloaded`", body = crate::error::ErrorBody),
    ),
)]
pub(crate) async fn start_run(
    State(app): State<App>,
    principal: Principal,
    key: KeyHeader,
    Json(request): Json<StartRun>,
) -> Result<impl IntoResponse, ApiError> {
    let started = start_as_asked(&app, &principal, key, request).await?;
    Ok((StatusCode::CREATED, started.location(), Json(started)))
}

/// Does what a request asks, whichever way it came.
///
/// # Errors
/// Those of the endpoint.
pub(crate) async fn start_as_asked(
    app: &App,
    principal: &Principal,
    key: KeyHeader,
    mut request: StartRun,
) -> Result<Started, ApiError> {
    let key = key.or_body(request.idempotency_key.take())?;
    start(app, principal, request, key.as_deref()).await
}

/// Starts a run, or finds the one that the key stands for.
///
/// # Errors
/// Those of the endpoint.
pub(in crate::api) async fn start(
    app: &App,
    principal: &Principal,
    request: StartRun,
    key: Option<&str>,
) -> Result<Started, ApiError> {
    let request = request.checked(&Bounds::of(app))?;
    request.acts_for(principal)?;
    let now = app.clock.now();
    if let Some(session) = request.session() {
        app.sessions.usable(principal, session, now).await?;
    }
    let which = keyed::run(app, principal, key).await?;
    let run = which.run();
    Span::current().record("run_id", display(run));

    let settings = principal.settings(app).await?;
    let created = request.created(principal, settings)?;
    let created_at = accept::store(app, principal, which, &created, now).await?;
    Ok(Started::of(run, &created, created_at))
}
