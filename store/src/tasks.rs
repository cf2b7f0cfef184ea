//! Tasks: what people have to do. Runs create and change them through tools, people through the API.

use sba_subjects::{
    id::{RunId, TaskId, UserId},
    tool::task::TaskStatus,
    visible::visible,
};
use serde_json::json;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    Listed, Page, StoreError, TenantTx,
    audit::{self, Action, Actor},
    text::clean,
};

/// The longest title, in characters.
pub const MAX_TITLE: usize = 200;

/// The longest description, in characters.
pub const MAX_DESCRIPTION: usize = 10_000;

/// A task as it is handed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewTask {
    /// Its id; derived from what asked for it, so that asking again makes no second one.
    pub id: TaskId,
    /// What is to be done, 1 to [`MAX_TITLE`] characters.
    pub title: String,
    /// More about it, at most [`MAX_DESCRIPTION`] characters.
    pub description: String,
    /// Who is to do it.
    pub assignee: Option<UserId>,
    /// When it must be done.
    pub due_at: Option<OffsetDateTime>,
    /// Who asked for it.
    pub created_by: UserId,
    /// The run that created it; none for a task that was created by hand.
    pub run_id: Option<RunId>,
}

/// What changes; what is left out stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Changes {
    /// What is to be done.
    pub title: Option<String>,
    /// More about it.
    pub description: Option<String>,
    /// Where it stands.
    pub status: Option<TaskStatus>,
    /// Who is to do it; `Some(None)` for nobody.
    pub assignee: Option<Option<UserId>>,
    /// When it must be done; `Some(None)` for no such time.
    pub due_at: Option<Option<OffsetDateTime>>,
}

/// A stored task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Task {
    /// Its id.
    pub id: TaskId,
    /// What is to be done.
    pub title: String,
    /// More about it.
    pub description: String,
    /// Where it stands.
    pub status: TaskStatus,
    /// Who is to do it.
    pub assignee: Option<UserId>,
    /// When it must be done.
    pub due_at: Option<OffsetDateTime>,
    /// Who asked for it.
    pub created_by: UserId,
    /// The run that created it; none for a task that was created by hand.
    pub run_id: Option<RunId>,
    /// When it was created.
    pub created_at: OffsetDateTime,
    /// When it was last changed.
    pub updated_at: OffsetDateTime,
    /// When it was completed; none while it is not.
    pub completed_at: Option<OffsetDateTime>,
}

struct Row {
    id: Uuid,
    title: String,
    description: String,
    status: String,
    assignee: Option<Uuid>,
    due_at: Option<OffsetDateTime>,
    created_by: Uuid,
    run_id: Option<Uuid>,
    created_at: OffsetDateTime,
    updated_at: OffsetDateTime,
    completed_at: Option<OffsetDateTime>,
}

impl TryFrom<Row> for Task {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let status = row.status.parse().map_err(|source| StoreError::Unreadable { column: "status", source })?;
        Ok(Self {
            id: TaskId::from_uuid(row.id),
            title: visible(&row.title).into_owned(),
            description: visible(&row.description).into_owned(),
            status,
            assignee: row.assignee.map(UserId::from_uuid),
            due_at: row.due_at,
            created_by: UserId::from_uuid(row.created_by),
            run_id: row.run_id.map(RunId::from_uuid),
            created_at: row.created_at,
            updated_at: row.updated_at,
            completed_at: row.completed_at,
        })
    }
}

/// Stores a task, with its audit entry. Returns whether it is new: the same id again changes nothing.
///
/// # Errors
/// `invalid_value` when a text is too long or empty, `missing_reference` when the tenant does not exist.
pub async fn create(tx: &mut TenantTx, task: &NewTask, actor: &Actor) -> Result<bool, StoreError> {
    let title = clean(&task.title);
    let done = sqlx::query!(
        "insert into tasks (tenant_id, id, title, description, assignee, due_at, created_by, run_id)
         values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict (tenant_id, id) do nothing",
        tx.tenant().as_uuid(),
        task.id.as_uuid(),
        title,
        clean(&task.description),
        task.assignee.map(|user| user.as_uuid()),
        task.due_at,
        task.created_by.as_uuid(),
        task.run_id.map(|run| run.as_uuid()),
    )
    .execute(tx.conn())
    .await?;
    if done.rows_affected() == 0 {
        return Ok(false);
    }
    let what = json!({"task_id": task.id, "run_id": task.run_id, "title": title});
    audit::record(tx, actor, Action::TaskCreated, &what).await?;
    Ok(true)
}

/// Changes a task, with its audit entry. Gives back the task as it is now; `None` where there is none.
///
/// # Errors
/// As [`create`], and `database_unreadable`.
pub async fn update(
    tx: &mut TenantTx,
    id: TaskId,
    changes: &Changes,
    actor: &Actor,
) -> Result<Option<Task>, StoreError> {
    let row = sqlx::query_as!(
        Row,
        "update tasks
         set title = coalesce($2, title), description = coalesce($3, description), status = coalesce($4, status),
             assignee = case when $5 then $6 else assignee end, due_at = case when $7 then $8 else due_at end,
             completed_at = case when coalesce($4, status) = 'completed' then coalesce(completed_at, now()) end,
             updated_at = now()
         where id = $1
         returning id, title, description, status, assignee, due_at, created_by, run_id, created_at, updated_at,
                   completed_at",
        id.as_uuid(),
        changes.title.as_deref().map(clean),
        changes.description.as_deref().map(clean),
        changes.status.map(TaskStatus::as_str),
        changes.assignee.is_some(),
        changes.assignee.flatten().map(|user| user.as_uuid()),
        changes.due_at.is_some(),
        changes.due_at.flatten(),
    )
    .fetch_optional(tx.conn())
    .await?;
    let Some(row) = row else { return Ok(None) };
    let what = json!({
        "task_id": id, "title": changes.title, "status": changes.status, "assignee": changes.assignee.flatten(),
    });
    audit::record(tx, actor, Action::TaskUpdated, &what).await?;
    Task::try_from(row).map(Some)
}

/// Completes a task; one that is complete stays as it is. Gives back the task as it is now; `None` where there is none.
///
/// # Errors
/// Those of the connection, and `database_unreadable`.
pub async fn complete(tx: &mut TenantTx, id: TaskId, actor: &Actor) -> Result<Option<Task>, StoreError> {
    match get(tx, id).await? {
        Some(task) if task.status != TaskStatus::Completed => {
            let changes = Changes { status: Some(TaskStatus::Completed), ..Changes::default() };
            update(tx, id, &changes, actor).await
        }
        settled => Ok(settled),
    }
}

/// Reads a task.
///
/// # Errors
/// Only those of the connection, and `database_unreadable`.
pub async fn get(tx: &mut TenantTx, id: TaskId) -> Result<Option<Task>, StoreError> {
    let row = sqlx::query_as!(
        Row,
        "select id, title, description, status, assignee, due_at, created_by, run_id, created_at, updated_at,
                completed_at
         from tasks where id = $1",
        id.as_uuid(),
    )
    .fetch_optional(tx.conn())
    .await?;
    row.map(Task::try_from).transpose()
}

/// Lists tasks, the newest first; those of one status, or all.
///
/// # Errors
/// Only those of the connection, and `database_unreadable`.
pub async fn list(tx: &mut TenantTx, status: Option<TaskStatus>, page: Page) -> Result<Listed<Task>, StoreError> {
    let status = status.map(TaskStatus::as_str);
    let total =
        sqlx::query_scalar!(r#"select count(*) as "n!" from tasks where $1::text is null or status = $1"#, status)
            .fetch_one(tx.conn())
            .await?;
    let rows = sqlx::query_as!(
        Row,
        "select id, title, description, status, assignee, due_at, created_by, run_id, created_at, updated_at,
                completed_at
         from tasks where $1::text is null or status = $1
         order by created_at desc, id desc limit $2 offset $3",
        status,
        page.sql_limit(),
        page.sql_offset(),
    )
    .fetch_all(tx.conn())
    .await?;
    let items = rows.into_iter().map(Task::try_from).collect::<Result<_, _>>()?;
    Ok(Listed::new(items, total, page))
}
