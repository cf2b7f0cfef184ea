//! Tasks: what the task tools take and return.

use serde::{Deserialize, Serialize};

use crate::{
    id::{InvalidId, TaskId, UserId},
    name::closed_set,
};
use std::{fmt, str::FromStr};

closed_set!(
    /// Where a task stands.
    TaskStatus, "task status" {
        /// To be done.
        Open = "open",
        /// Being done.
        InProgress = "in_progress",
        /// Done.
        Completed = "completed",
    }
);

/// A task of a tenant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Task {
    /// Its id in the API.
    pub task_id: TaskId,
    /// What is to be done, in one line.
    pub title: String,
    /// More about it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// Where it stands.
    pub status: TaskStatus,
    /// Who is to do it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assignee: Option<UserId>,
    /// When it must be done, as RFC 3339 has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_at: Option<String>,
}

/// Parameters of [`TASK_CREATE`](super::TASK_CREATE).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CreateTask {
    /// What is to be done, in one line.
    pub title: String,
    /// More about it.
    #[serde(default)]
    pub description: String,
    /// Who is to do it.
    #[serde(default)]
    pub assignee: Option<UserId>,
    /// When it must be done, as RFC 3339 has it.
    #[serde(default)]
    pub due_at: Option<String>,
}

/// Parameters of [`TASK_UPDATE`](super::TASK_UPDATE): what is left out stays as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UpdateTask {
    /// Which.
    pub task_id: TaskId,
    /// What is to be done, in one line.
    #[serde(default)]
    pub title: Option<String>,
    /// More about it.
    #[serde(default)]
    pub description: Option<String>,
    /// Where it stands.
    #[serde(default)]
    pub status: Option<TaskStatus>,
    /// Who is to do it.
    #[serde(default)]
    pub assignee: Option<UserId>,
    /// When it must be done, as RFC 3339 has it.
    #[serde(default)]
    pub due_at: Option<String>,
}

/// Parameters of [`TASK_COMPLETE`](super::TASK_COMPLETE).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CompleteTask {
    /// Which.
    pub task_id: TaskId,
}

/// Parameters of [`TASK_LIST`](super::TASK_LIST).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListTasks {
    /// Only those that stand so.
    #[serde(default)]
    pub status: Option<TaskStatus>,
    /// Most tasks to return.
    #[serde(default)]
    pub limit: Option<u32>,
}

/// Result of the tools that change one task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskResult {
    /// The task as it is now.
    pub task: Task,
}

/// Result of [`TASK_LIST`](super::TASK_LIST).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TasksResult {
    /// The tasks, newest first.
    pub tasks: Vec<Task>,
    /// How many there are in all.
    pub total: u64,
}
