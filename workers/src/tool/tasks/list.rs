//! Lists tasks.

use async_trait::async_trait;
use sba_store::{Page, Store, tasks};
use sba_subjects::tool::{
    TASK_LIST,
    task::{ListTasks, Task, TasksResult},
};
use serde_json::Value;

use crate::{
    error::WorkError,
    tool::{Tool, ToolContext, read_params, write_result},
};

/// Tasks that are listed when the caller names no number.
const DEFAULT_LIMIT: u32 = 20;

/// Most tasks of a list.
const MAX_LIMIT: u32 = 50;

/// How much of a description stands in a list, in characters: a list becomes part of a prompt.
const MAX_SHOWN: usize = 300;

/// Lists the tenant's tasks, the newest first.
pub struct ListTool {
    store: Store,
}

impl ListTool {
    /// A tool that reads from this.
    #[must_use]
    pub const fn new(store: Store) -> Self {
        Self { store }
    }
}

#[async_trait]
impl Tool for ListTool {
    fn name(&self) -> &'static str {
        TASK_LIST
    }

    async fn execute(&self, context: &ToolContext, params: Value) -> Result<Value, WorkError> {
        let asked: ListTasks = read_params(params)?;
        let page = Page::new(1, asked.limit.unwrap_or(DEFAULT_LIMIT).min(MAX_LIMIT));
        let mut tx = self.store.begin(context.tenant).await?;
        let listed = tasks::list(&mut tx, asked.status, page).await?;
        let tasks = listed.items.into_iter().map(super::shown).map(shortened).collect();
        write_result(&TasksResult { tasks, total: listed.total })
    }
}

fn shortened(task: Task) -> Task {
    match task.description.char_indices().nth(MAX_SHOWN) {
        Some((end, _)) => Task { description: format!("{}…", &task.description[..end]), ..task },
        None => task,
    }
}
