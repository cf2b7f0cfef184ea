//! `GET /api/v1/tasks`: the tenant's tasks, the newest first.

use axum::extract::State;
use sba_store::tasks;
use sba_subjects::tool::task::TaskStatus;
use serde::Deserialize;
use utoipa::IntoParams;

use super::view::TaskView;
use crate::{
    api::page::Paged,
    app::App,
    auth::Principal,
    error::ApiError,
    extract::{Json, List, PageQuery},
};

/// Which tasks are asked for.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct TaskQuery {
    /// Only tasks that stand so: `open`, `in_progress` or `completed`.
    #[param(value_type = Option<String>, example = "open")]
    status: Option<TaskStatus>,
}

/// List tasks
#[utoipa::path(
    get, path = "/api/v1/tasks", tag = "tasks",
    params(PageQuery, TaskQuery),
    responses(
        (status = 200, description = "One page, the newest first", body = Paged<TaskView>),
        (status = 400, description = "`invalid_request`, `validation_failed`", body = crate::error::ErrorBody),
        (status = 503, description = "`unavailable`", body = crate::error::ErrorBody),
    ),
)]
pub(crate) async fn list_tasks(
    State(app): State<App>,
    principal: Principal,
    List { page, only }: List<TaskQuery>,
) -> Result<Json<Paged<TaskView>>, ApiError> {
    let mut tx = app.store.begin(principal.tenant).await?;
    let listed = tasks::list(&mut tx, only.status, page).await?;
    Ok(Json(Paged::of(listed, TaskView::from)))
}
