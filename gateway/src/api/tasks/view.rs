//! A task, as the API shows it.

use sba_store::tasks::Task;
use sba_subjects::tool::task::TaskStatus;
use serde::Serialize;
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

/// A task.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TaskView {
    /// The task.
    task_id: Uuid,
    /// What is to be done.
    #[schema(example = "Pay the invoice of Acme.")]
    title: String,
    /// More about it.
    description: String,
    /// Where it stands: `open`, `in_progress` or `completed`.
    #[schema(value_type = String, example = "open")]
    status: TaskStatus,
    /// Who is to do it.
    assignee: Option<Uuid>,
    /// When it must be done.
    #[serde(with = "time::serde::rfc3339::option")]
    due_at: Option<OffsetDateTime>,
    /// Who asked for it.
    created_by: Uuid,
    /// The run that created it; null for a task that was created by hand.
    run_id: Option<Uuid>,
    /// When it was created.
    #[serde(with = "time::serde::rfc3339")]
    created_at: OffsetDateTime,
    /// When it was last changed.
    #[serde(with = "time::serde::rfc3339")]
    updated_at: OffsetDateTime,
    /// When it was completed.
    #[serde(with = "time::serde::rfc3339::option")]
    completed_at: Option<OffsetDateTime>,
}

impl From<Task> for TaskView {
    fn from(task: Task) -> Self {
        Self {
            task_id: task.id.as_uuid(),
            title: task.title,
            description: task.description,
            status: task.status,
            assignee: task.assignee.map(|user| user.as_uuid()),
            due_at: task.due_at,
            created_by: task.created_by.as_uuid(),
            run_id: task.run_id.map(|run| run.as_uuid()),
            created_at: task.created_at,
            updated_at: task.updated_at,
            completed_at: task.completed_at,
        }
    }
}
