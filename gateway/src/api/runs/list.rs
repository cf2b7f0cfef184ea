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
    api::page::{PageQuery, Paged},
    app::App,
    auth::{Action, Principal},
    error::ApiError,
    extract::{Json, Query},
};

/// Which runs are asked for.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct RunQuery {
    /// Number of the page, from 1.
    #[param(minimum = 1, example = 1)]
    page: Option<u32>,
    /// Most entries on a page.
    #[param(minimum = 1, maximum = 100, example = 20)]
    limit: Option<u32>,
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
    params(RunQuery),
    responses(
        (status = 200, description = "One page, the newest first", body = Paged<RunSummary>),
        (status = 400, description = "`invalid_request`, `validation_failed`", body = crate::error::ErrorBody),
        (status = 503, description = "`unavailable`", body = crate::error::ErrorBody),
    ),
)]
pub(crate) async fn list_runs(
    State(app): State<App>,
    principal: Principal,
    Query(query): Query<RunQuery>,
) -> Result<Json<Paged<RunSummary>>, ApiError> {
    principal.may(Action::ReadRuns)?;
    let page = PageQuery { page: query.page, limit: query.limit }.checked(app.config.gateway.max_page_size)?;
    let filter = Filter {
        status: query.status,
        user_id: query.user_id.map(UserId::from_uuid),
        session_id: query.session_id.map(SessionId::from_uuid),
    };
    let mut tx = app.store.begin(principal.tenant).await?;
    let listed = runs::list(&mut tx, &filter, page).await?;
    Ok(Json(Paged::of(listed, |run| RunSummary::stored(principal.tenant, run))))
}
