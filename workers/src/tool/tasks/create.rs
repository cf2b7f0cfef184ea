//! Creates a task.

use async_trait::async_trait;
use sba_store::{
    Store,
    audit::Actor,
    tasks::{self, NewTask},
};
use sba_subjects::{
    id::TaskId,
    tool::{TASK_CREATE, task::CreateTask},
};
use serde_json::{Value, json};

use crate::{
    error::WorkError,
    tool::{Tool, ToolContext, read_params, with_property},
};

/// Creates a task. Its id follows from the call.
pub struct CreateTool {
    store: Store,
}

impl CreateTool {
    /// A tool that writes to this.
    #[must_use]
    pub const fn new(store: Store) -> Self {
        Self { store }
    }
}

#[async_trait]
impl Tool for CreateTool {
    fn name(&self) -> &'static str {
        TASK_CREATE
    }

    fn schema(&self) -> Value {
        with_property(TASK_CREATE, "assignee", json!({"type": ["string", "null"], "description": "Who is to do it."}))
    }

    async fn execute(&self, context: &ToolContext, params: Value) -> Result<Value, WorkError> {
        let asked: CreateTask = read_params(params)?;
        let id = TaskId::from_uuid(context.tenant_key.derive("task", &context.call.to_string()));
        let task = NewTask {
            id,
            title: super::title(&asked.title)?,
            description: super::description(asked.description)?,
            assignee: asked.assignee,
            due_at: asked.due_at.as_deref().map(super::due_at).transpose()?,
            created_by: context.user,
            run_id: Some(context.run),
        };
        let mut tx = self.store.begin(context.tenant).await?;
        tasks::create(&mut tx, &task, &Actor::user(context.user)).await?;
        let stored = tasks::get(&mut tx, id).await?.ok_or_else(|| super::unknown(id))?;
        super::settle(context, tx, stored).await
    }
}
