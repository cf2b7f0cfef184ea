//! Completes a task.

use async_trait::async_trait;
use sba_store::{Store, audit::Actor, tasks};
use sba_subjects::tool::{TASK_COMPLETE, task::CompleteTask};
use serde_json::Value;

use crate::{
    error::WorkError,
    tool::{Tool, ToolContext, read_params},
};

/// Marks a task of the tenant as done.
pub struct CompleteTool {
    store: Store,
}

impl CompleteTool {
    /// A tool that writes to this.
    #[must_use]
    pub const fn new(store: Store) -> Self {
        Self { store }
    }
}

#[async_trait]
impl Tool for CompleteTool {
    fn name(&self) -> &'static str {
        TASK_COMPLETE
    }

    async fn execute(&self, context: &ToolContext, params: Value) -> Result<Value, WorkError> {
        let CompleteTask { task_id } = read_params(params)?;
        let mut tx = self.store.begin(context.tenant).await?;
        let completed = tasks::complete(&mut tx, task_id, &Actor::user(context.user)).await?;
        super::settle(context, tx, completed.ok_or_else(|| super::unknown(task_id))?).await
    }
}
