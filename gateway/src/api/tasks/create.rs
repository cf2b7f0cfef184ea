//! `POST /api/v1/tasks`: create a task.

use axum::{
    extract::State,
    http::{StatusCode, header},
    response::IntoResponse,
};
use garde::Validate;
use sba_store::{
    StoreError,
    audit::Actor,
    tasks::{self, NewTask, Task},
};
use sba_subjects::id::{TaskId, UserId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{MAX_DESCRIPTION, MAX_TITLE, due_at, one_line, view::TaskView};
use crate::{
    api::idempotency::{ClaimError, Claimed, Key, KeyHeader, claim},
    app::App,
    auth::Principal,
    error::ApiError,
    extract::{Checked as _, Json, no_control, not_blank},
    http::RequestId,
};

/// Name under which keys of this endpoint are kept.
const ENDPOINT: &str = "POST /api/v1/tasks";

/// A task to be created.
#[derive(Debug, Deserialize, Serialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"title": "Pay the invoice of Acme.", "due_at": "2030-01-31T12:00:00Z"}))]
pub(crate) struct CreateTask {
    /// What is to be done, in one line.
    #[garde(length(chars, min = 1, max = MAX_TITLE), custom(one_line), custom(not_blank))]
    #[schema(min_length = 1, max_length = 200)]
    title: String,
    /// More about it.
    #[serde(default)]
    #[garde(length(chars, max = MAX_DESCRIPTION), custom(no_control))]
    #[schema(max_length = 10_000)]
    description: String,
    /// Who is to do it.
    #[serde(default)]
    #[garde(skip)]
    assignee: Option<Uuid>,
    /// When it must be done, as RFC 3339 has it.
    #[serde(default, alias = "dueAt")]
    #[garde(skip)]
    #[schema(format = DateTime)]
    due_at: Option<String>,
    /// May stand here instead of in the header `Idempotency-Key`.
    #[serde(default, alias = "idempotencyKey", skip_serializing)]
    #[garde(skip)]
    idempotency_key: Option<String>,
}

/// Why a task was not created.
#[derive(Debug, thiserror::Error)]
enum CreateError {
    #[error("the task was not stored")]
    Store(#[from] StoreError),
    #[error(transparent)]
    Key(#[from] ClaimError),
    #[error("the task that this key made is gone")]
    Gone,
}

impl From<CreateError> for ApiError {
    fn from(error: CreateError) -> Self {
        match error {
            CreateError::Store(error) => error.into(),
            CreateError::Key(error) => error.into(),
            CreateError::Gone => Self::not_found("task"),
        }
    }
}

/// Create a task
#[utoipa::path(
    post, path = "/api/v1/tasks", tag = "tasks",
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes it safe to send the request again")),
    request_body = CreateTask,
    responses(
        (status = 201, description = "The task", body = TaskView),
        (status = 400, description = "`invalid_request`, `validation_failed`", body = crate::error::ErrorBody),
        (status = 403, description = "`forbidden`", body = crate::error::ErrorBody),
        (status = 409, description = "`idempotency_conflict`", body = crate::error::ErrorBody),
        (status = 503, description = "`unavailable`", body = crate::error::ErrorBody),
    ),
)]
pub(crate) async fn create_task(
    State(app): State<App>,
    principal: Principal,
    RequestId(request_id): RequestId,
    key: KeyHeader,
    Json(request): Json<CreateTask>,
) -> Result<impl IntoResponse, ApiError> {
    let mut request = request.checked(&())?;
    let key = key.of(ENDPOINT, request.idempotency_key.take(), &request)?;
    let task = NewTask {
        id: app.ids.make(),
        due_at: request.due_at.as_deref().map(due_at).transpose()?,
        title: request.title,
        description: request.description,
        assignee: request.assignee.map(UserId::from_uuid),
        created_by: principal.user,
        run_id: None,
    };
    let actor = Actor { user_id: Some(principal.user), request_id: Some(request_id) };
    let task = create(&app, &principal, task, key.as_ref(), &actor).await?;
    let location = [(header::LOCATION, format!("/api/v1/tasks/{}", task.id))];
    Ok((StatusCode::CREATED, location, Json(TaskView::from(task))))
}

async fn create(
    app: &App,
    principal: &Principal,
    task: NewTask,
    key: Option<&Key>,
    actor: &Actor,
) -> Result<Task, CreateError> {
    let mut tx = app.store.begin(principal.tenant).await?;
    let id = match claim(app, &mut tx, key, task.id.as_uuid(), app.clock.now()).await? {
        Claimed::Before(earlier) => TaskId::from_uuid(earlier),
        Claimed::New => {
            tasks::create(&mut tx, &task, actor).await?;
            task.id
        }
    };
    let stored = tasks::get(&mut tx, id).await?.ok_or(CreateError::Gone)?;
    tx.commit().await?;
    Ok(stored)
}
