//! Tasks for people: created, changed, completed and listed by runs.
//!
//! A change and the record that the call is done are one transaction, so a call that comes twice changes nothing twice.

mod complete;
mod create;
mod list;
mod update;

use sba_service::clock::read_time;
use sba_store::{
    TenantTx,
    tasks::{self, MAX_DESCRIPTION, MAX_TITLE},
};
use sba_subjects::{
    id::TaskId,
    tool::task::{Task, TaskResult},
};
use serde_json::Value;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

pub use self::{complete::CompleteTool, create::CreateTool, list::ListTool, update::UpdateTool};
use super::ToolContext;
use crate::error::WorkError;

fn invalid(message: impl Into<String>) -> WorkError {
    WorkError::lasting("tool_params_invalid", message)
}

fn unknown(id: TaskId) -> WorkError {
    WorkError::lasting("task_not_found", format!("there is no task {id}"))
}

/// A title as it is stored.
fn title(text: &str) -> Result<String, WorkError> {
    let title = text.trim();
    if title.is_empty() || title.chars().count() > MAX_TITLE || title.chars().any(char::is_control) {
        return Err(invalid(format!("the title takes 1 to {MAX_TITLE} characters in one line")));
    }
    Ok(title.to_owned())
}

fn description(text: String) -> Result<String, WorkError> {
    if text.chars().count() > MAX_DESCRIPTION {
        return Err(invalid(format!("the description takes at most {MAX_DESCRIPTION} characters")));
    }
    Ok(text)
}

fn due_at(text: &str) -> Result<OffsetDateTime, WorkError> {
    read_time(text).ok_or_else(|| invalid("due_at must be a time such as 2030-01-31T12:00:00Z"))
}

/// A stored task, as a tool returns it.
fn shown(task: tasks::Task) -> Task {
    Task {
        task_id: task.id,
        title: task.title,
        description: task.description,
        status: task.status,
        assignee: task.assignee,
        due_at: task.due_at.and_then(|at| at.format(&Rfc3339).ok()),
    }
}

/// Stores what was done to a task together with the call's result.
///
/// A call that was recorded as done meanwhile is rolled back: whoever recorded it did the same.
async fn settle(context: &ToolContext, mut tx: TenantTx, task: tasks::Task) -> Result<Value, WorkError> {
    let result = super::write_result(&TaskResult { task: shown(task) })?;
    if context.finish(&mut tx, &result).await? {
        tx.commit().await?;
    }
    Ok(result)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_descriptions_and_times_are_held_to_their_bounds() {
        let code = |result: Result<String, WorkError>| result.map_err(|error| error.code);
        assert_eq!(code(title("  Pay Acme \n")), Ok("Pay Acme".to_owned()));
        assert_eq!(code(title(&"ä".repeat(MAX_TITLE))), Ok("ä".repeat(MAX_TITLE)));
        for bad in ["", " \t ", "a\nb", "a\0b", &"x".repeat(MAX_TITLE + 1)] {
            assert_eq!(code(title(bad)), Err("tool_params_invalid"), "{bad:?}");
        }
        assert!(description("x".repeat(MAX_DESCRIPTION)).is_ok());
        assert!(description("x".repeat(MAX_DESCRIPTION + 1)).is_err());
        assert!(due_at("2030-01-31T12:00:00+02:00").is_ok());
        for bad in ["", "tomorrow", "2030-01-31", "2030-13-31T12:00:00Z", "9999-12-31T23:59:59-23:00"] {
            assert_eq!(due_at(bad).map_err(|error| error.code), Err("tool_params_invalid"), "{bad:?}");
        }
    }
}
