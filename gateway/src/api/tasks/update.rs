//! `PATCH /api/v1/tasks/{task_id}`: change a task.

use axum::extract::State;
use garde::Validate;
use sba_store::{
    audit::Actor,
    tasks::{self, Changes},
};
use sba_subjects::{
    id::{TaskId, UserId},
    tool::task::TaskStatus,
};
use serde::{Deserialize, Deserializer};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{MAX_DESCRIPTION, MAX_TITLE, due_at, one_line, view::TaskView};
use crate::{
    app::App,
    auth::Principal,
    error::ApiError,
    extract::{Checked as _, Json, Path, no_control, not_blank},
    http::RequestId,
};

/// What changes; what is left out stays as it is.
#[derive(Debug, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"status": "in_progress", "due_at": null}))]
pub(crate) struct UpdateTask {
    /// What is to be done, in one line.
    #[serde(default)]
    #[garde(inner(length(chars, min = 1, max = MAX_TITLE), custom(one_line), custom(not_blank)))]
    #[schema(min_length = 1, max_length = 200)]
    title: Option<String>,
    /// More about it.
    #[serde(default)]
    #[garde(inner(length(chars, max = MAX_DESCRIPTION), custom(no_control)))]
    #[schema(max_length = 10_000)]
    description: Option<String>,
    /// Where it stands: `open`, `in_progress` or `completed`.
    #[serde(default)]
    #[garde(skip)]
    #[schema(value_type = Option<String>, example = "in_progress")]
    status: Option<TaskStatus>,
    /// Who is to do it; null for nobody.
    #[serde(default, deserialize_with = "given")]
    #[garde(skip)]
    #[schema(value_type = Option<Uuid>)]
    assignee: Option<Option<Uuid>>,
    /// When it must be done, as RFC 3339 has it; null for no such time.
    #[serde(default, alias = "dueAt", deserialize_with = "given")]
    #[garde(skip)]
    #[schema(value_type = Option<String>, format = DateTime)]
    due_at: Option<Option<String>>,
}

/// Tells a field that is null from one that is left out.
fn given<'de, T: Deserialize<'de>, D: Deserializer<'de>>(field: D) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(field).map(Some)
}

/// Change a task
#[utoipa::path(
    patch, path = "/api/v1/tasks/{task_id}", tag = "tasks",
    params(("task_id" = Uuid, Path, description = "The task")),
    request_body = UpdateTask,
    responses(
        (status = 200, description = "The task as it is now", body = TaskView),
        (status = 400, description = "`invalid_request`, `validation_failed`", body = crate::error::ErrorBody),
        (status = 403, description = "`forbidden`", body = crate::error::ErrorBody),
        (status = 404, description = "`not_found`", body = crate::error::ErrorBody),
        (status = 503, description = "`unavailable`", body = crate::error::ErrorBody),
    ),
)]
pub(crate) async fn update_task(
    State(app): State<App>,
    principal: Principal,
    RequestId(request_id): RequestId,
    Path(task): Path<Uuid>,
    Json(request): Json<UpdateTask>,
) -> Result<Json<TaskView>, ApiError> {
    let request = request.checked(&())?;
    let due_at = request.due_at.map(|at| at.as_deref().map(due_at).transpose()).transpose()?;
    let changes = Changes {
        title: request.title,
        description: request.description,
        status: request.status,
        assignee: request.assignee.map(|user| user.map(UserId::from_uuid)),
        due_at,
    };
    let actor = Actor { user_id: Some(principal.user), request_id: Some(request_id) };
    let mut tx = app.store.begin(principal.tenant).await?;
    let updated = tasks::update(&mut tx, TaskId::from_uuid(task), &changes, &actor).await?;
    let updated = updated.ok_or_else(|| ApiError::not_found("task"))?;
    tx.commit().await?;
    Ok(Json(updated.into()))
}
