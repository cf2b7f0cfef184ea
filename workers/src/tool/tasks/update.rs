//! Changes a task.

use async_trait::async_trait;
use sba_store::{
    Store,
    audit::Actor,
    tasks::{self, Changes},
};
use sba_subjects::tool::{TASK_UPDATE, task::UpdateTask};
use serde_json::{Value, json};

use crate::{
    error::WorkError,
    tool::{Tool, ToolContext, read_params, with_property},
};

/// Changes a task of the tenant.
pub struct UpdateTool {
    store: Store,
}

impl UpdateTool {
    /// A tool that writes to this.
    #[must_use]
    pub const fn new(store: Store) -> Self {
        Self { store }
    }
}

#[async_trait]
impl Tool for UpdateTool {
    fn name(&self) -> &'static str {
        TASK_UPDATE
    }

    fn schema(&self) -> Value {
        with_property(TASK_UPDATE, "assignee", json!({"type": ["string", "null"], "description": "Who is to do it."}))
    }

    async fn execute(&self, context: &ToolContext, params: Value) -> Result<Value, WorkError> {
        let asked: UpdateTask = read_params(params)?;
        let changes = Changes {
            title: asked.title.as_deref().map(super::title).transpose()?,
            description: asked.description.map(super::description).transpose()?,
            status: asked.status,
            assignee: asked.assignee.map(Some),
            due_at: asked.due_at.as_deref().map(super::due_at).transpose()?.map(Some),
        };
        let mut tx = self.store.begin(context.tenant).await?;
        let updated = tasks::update(&mut tx, asked.task_id, &changes, &Actor::user(context.user)).await?;
        super::settle(context, tx, updated.ok_or_else(|| super::unknown(asked.task_id))?).await
    }
}
