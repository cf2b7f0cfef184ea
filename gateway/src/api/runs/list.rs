//! `GET /api/v1/runs`: the tenant's runs, the newest first.

use axum::extract::State;
use sba_store::runs::{self, Filter};
use sba_subjects::{
    id::{SessionId, UserId},
    run::RunStatus,
};
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;

use super::view::RunSummary;
use crate::{
    api::page::Paged,
    app::App,
    auth::Principal,
    error::ApiError,
    extract::{Json, List, PageQuery},
};

/// Which runs are asked for.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct RunQuery {
    /// Only runs that stand here.
    #[param(value_type = Option<String>, example = "completed")]
    status: Option<RunStatus>,
    /// Only runs of this user.
    user_id: Option<Uuid>,
    /// Only runs of this session.
    session_id: Option<Uuid>,
}

/// List runs
///
/// The list may be some milliseconds behind the runs; a single run never is.
#[utoipa::path(
    get, path = "/api/v1/runs", tag = "runs",
    params(PageQuery, RunQuery),
    responses(
        (status = 200, description = "One page, the newest first", body = Paged<RunSummary>),
        (status = 400, description = "`invalid_request`, `validation_failed`", body = crate::error::ErrorBody),
        (status = 503, description = "`unavailable`", body = crate::error::ErrorBody),
    ),
)]
pub(crate) async fn list_runs(
    State(app): State<App>,
    principal: Principal,
    List { page, only }: List<RunQuery>,
) -> Result<Json<Paged<RunSummary>>, ApiError> {
    let filter = Filter {
        status: only.status,
        user_id: only.user_id.map(UserId::from_uuid),
        session_id: only.session_id.map(SessionId::from_uuid),
    };
    let mut tx = app.store.begin(principal.tenant).await?;
    let listed = runs::list(&mut tx, &filter, page).await?;
    Ok(Json(Paged::of(listed, |run| RunSummary::stored(principal.tenant, run))))
}
