//! `GET /api/v1/tasks`: the tenant's tasks, the newest first.

use axum::extract::State;
use sba_store::tasks;
use sba_subjects::tool::task::TaskStatus;
use serde::Deserialize;
use utoipa::IntoParams;

use super::view::TaskView;
use crate::{
    api::page::{PageQuery, Paged},
    app::App,
    auth::{Action, Principal},
    error::ApiError,
    extract::{Json, Query},
};

/// Which tasks are asked for.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct TaskQuery {
    /// Number of the page, from 1.
    #[param(minimum = 1, example = 1)]
    page: Option<u32>,
    /// Most entries on a page.
    #[param(minimum = 1, maximum = 100, example = 20)]
    limit: Option<u32>,
    /// Only tasks that stand so: `open`, `in_progress` or `completed`.
    #[param(value_type = Option<String>, example = "open")]
    status: Option<TaskStatus>,
}

/// List tasks
#[utoipa::path(
    get, path = "/api/v1/tasks", tag = "tasks",
    params(TaskQuery),
    responses(
        (status = 200, description = "One page, the newest first", body = Paged<TaskView>),
        (status = 400, description = "`invalid_request`, `validation_failed`", body = crate::error::ErrorBody),
        (status = 503, description = "`unavailable`", body = crate::error::ErrorBody),
    ),
)]
pub(crate) async fn list_tasks(
    State(app): State<App>,
    principal: Principal,
    Query(query): Query<TaskQuery>,
) -> Result<Json<Paged<TaskView>>, ApiError> {
    principal.may(Action::ReadTasks)?;
    let page = PageQuery { page: query.page, limit: query.limit }.checked(app.config.gateway.max_page_size)?;
    let mut tx = app.store.begin(principal.tenant).await?;
    let listed = tasks::list(&mut tx, query.status, page).await?;
    Ok(Json(Paged::of(listed, TaskView::from)))
}
