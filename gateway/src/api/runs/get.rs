//! `GET /api/v1/runs/{run_id}`: a run, its steps and what it made.

use std::time::Duration;

use axum::extract::State;
use sba_service::log::ReadError;
use sba_store::StoreError;
use sba_subjects::id::RunId;
use tokio::time::timeout;
use tracing::{Span, field::display, warn};
use uuid::Uuid;

use super::view::{Projected, RunView};
use crate::{
    app::App,
    auth::Principal,
    error::{ApiError, Code},
    extract::{Json, Path},
};

/// Why a run could not be shown.
#[derive(Debug, thiserror::Error)]
enum GetError {
    #[error("there is no such run")]
    NoRun,
    #[error("the run's log could not be read")]
    Log(#[from] ReadError),
}

impl From<GetError> for ApiError {
    fn from(error: GetError) -> Self {
        match error {
            GetError::NoRun => Self::not_found("run"),
            GetError::Log(_) => Self::new(Code::Unavailable, "the run cannot be read now").caused_by(error),
        }
    }
}

/// See a run
///
/// The answer is as new as the run's log: a run can be seen as soon as it was accepted, and while the database is down.
#[utoipa::path(
    get, path = "/api/v1/runs/{run_id}", tag = "runs",
    params(("run_id" = Uuid, Path, description = "The run")),
    responses(
        (status = 200, description = "The run", body = RunView),
        (status = 400, description = "`invalid_request`", body = crate::error::ErrorBody),
        (status = 404, description = "`not_found`", body = crate::error::ErrorBody),
        (status = 503, description = "`unavailable`", body = crate::error::ErrorBody),
    ),
)]
pub(crate) async fn get_run(
    State(app): State<App>,
    principal: Principal,
    Path(run): Path<Uuid>,
) -> Result<Json<RunView>, ApiError> {
    let run = RunId::from_uuid(run);
    Span::current().record("run_id", display(run));
    let projected = timeout(PATIENCE, Projected::read(&app.store, principal.tenant, run)).await;
    let projected = match projected.unwrap_or(Err(StoreError::TimedOut(None))) {
        Ok(projected) => projected,
        Err(error) => {
            let error: &dyn std::error::Error = &error;
            warn!(error, "a run is shown from its log, because Postgres cannot be read");
            None
        }
    };
    // Nothing follows the end of a run, so its projection is complete. Before that, the log knows more.
    let projected = match projected {
        Some(ended) if ended.has_ended() => {
            return Ok(Json(RunView::projected(principal.tenant, ended)));
        }
        other => other,
    };
    let loaded = app.log.load(&principal.key, run).await;
    match (loaded, projected) {
        (Ok(Some(loaded)), _) => Ok(Json(loaded.state.into())),
        (_, Some(projected)) => Ok(Json(RunView::projected(principal.tenant, projected))),
        (Ok(None), None) => Err(GetError::NoRun.into()),
        (Err(error), None) => Err(GetError::Log(error).into()),
    }
}

/// Longest wait for Postgres: the log knows as much, and is there.
const PATIENCE: Duration = Duration::from_secs(1);
