//! `GET /api/v1/tasks/{task_id}`: a task.

use axum::extract::State;
use sba_store::tasks;
use sba_subjects::id::TaskId;
use uuid::Uuid;

use super::view::TaskView;
use crate::{
    app::App,
    auth::Principal,
    error::ApiError,
    extract::{Json, Path},
};

/// See a task
#[utoipa::path(
    get, path = "/api/v1/tasks/{task_id}", tag = "tasks",
    params(("task_id" = Uuid, Path, description = "The task")),
    responses(
        (status = 200, description = "The task", body = TaskView),
        (status = 400, description = "`invalid_request`", body = crate::error::ErrorBody),
        (status = 404, description = "`not_found`", body = crate::error::ErrorBody),
        (status = 503, description = "`unavailable`", body = crate::error::ErrorBody),
    ),
)]
pub(crate) async fn get_task(
    State(app): State<App>,
    principal: Principal,
    Path(task): Path<Uuid>,
) -> Result<Json<TaskView>, ApiError> {
    let mut tx = app.store.begin(principal.tenant).await?;
    let found = tasks::get(&mut tx, TaskId::from_uuid(task)).await?;
    found.map(|task| Json(task.into())).ok_or_else(|| ApiError::not_found("task"))
}
