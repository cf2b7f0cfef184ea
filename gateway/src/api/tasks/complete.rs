//! `POST /api/v1/tasks/{task_id}/complete`: complete a task.

use axum::extract::State;
use sba_store::{audit::Actor, tasks};
use sba_subjects::id::TaskId;
use uuid::Uuid;

use super::view::TaskView;
use crate::{
    app::App,
    auth::Principal,
    error::ApiError,
    extract::{Json, Path},
    http::RequestId,
};

/// Complete a task
///
/// A task that is complete stays as it is.
#[utoipa::path(
    post, path = "/api/v1/tasks/{task_id}/complete", tag = "tasks",
    params(("task_id" = Uuid, Path, description = "The task")),
    responses(
        (status = 200, description = "The task as it is now", body = TaskView),
        (status = 400, description = "`invalid_request`", body = crate::error::ErrorBody),
        (status = 403, description = "`forbidden`", body = crate::error::ErrorBody),
        (status = 404, description = "`not_found`", body = crate::error::ErrorBody),
        (status = 503, description = "`unavailable`", body = crate::error::ErrorBody),
    ),
)]
pub(crate) async fn complete_task(
    State(app): State<App>,
    principal: Principal,
    RequestId(request_id): RequestId,
    Path(task): Path<Uuid>,
) -> Result<Json<TaskView>, ApiError> {
    let actor = Actor { user_id: Some(principal.user), request_id: Some(request_id) };
    let mut tx = app.store.begin(principal.tenant).await?;
    let completed = tasks::complete(&mut tx, TaskId::from_uuid(task), &actor).await?;
    let completed = completed.ok_or_else(|| ApiError::not_found("task"))?;
    tx.commit().await?;
    Ok(Json(completed.into()))
}
