//! The tools that SBA itself has: what they are called, what they take, and what calling them does.
//!
//! The orchestrator offers them to the model and knows from here what a repeat of a call does; the workers serve
//! them.

use serde::{Deserialize as _, de::DeserializeOwned};
use serde_json::{Value, json};

use super::{
    SearchParams, WrittenDocument,
    task::{CompleteTask, CreateTask, ListTasks, UpdateTask},
};
use crate::{name::Queue, run::Effect};

/// Looks knowledge up.
pub const KNOWLEDGE_TOOL: &str = "knowledge_search";
/// Renders documents.
pub const RENDER_TOOL: &str = "document_render";
/// Creates a task.
pub const TASK_CREATE: &str = "task_create";
/// Changes a task.
pub const TASK_UPDATE: &str = "task_update";
/// Completes a task.
pub const TASK_COMPLETE: &str = "task_complete";
/// Lists tasks.
pub const TASK_LIST: &str = "task_list";
/// Asks a person. No worker serves it: the run itself waits for the answer.
pub const ASK_TOOL: &str = "ask_person";

/// What is known of a tool.
#[derive(Debug, Clone, Copy)]
pub struct ToolSpec {
    /// Its name, as the model and the API call it.
    pub name: &'static str,
    /// What it does, for the model.
    pub description: &'static str,
    /// What the model gives it, as a JSON Schema.
    pub parameters: fn() -> Value,
    /// Checks what the model gave it; the error is a sentence for the model.
    pub check: fn(&Value) -> Result<(), String>,
    /// What repeating a call does.
    pub effect: Effect,
    /// The queue that serves it.
    pub queue: Queue,
    /// Who is offered it: any of these roles. Empty for everybody.
    pub roles: &'static [&'static str],
    /// The longest that one try of a call usually takes, in milliseconds, where that is less than of other jobs.
    pub try_ms: Option<u64>,
}

/// All tools.
pub const CATALOG: &[ToolSpec] = &[
    ToolSpec {
        name: KNOWLEDGE_TOOL,
        description: "Search the documents of the company. Returns the passages that fit best.",
        parameters: || object(&json!({"query": text("What to look for, in words.")}), &["query"]),
        check: shape::<SearchParams>,
        effect: Effect::Pure,
        queue: Queue::ToolExec,
        roles: &[],
        try_ms: Some(60_000),
    },
    ToolSpec {
        name: RENDER_TOOL,
        description: "Make a document from a text. The passages that were found are cited in it.",
        parameters: || {
            let properties = json!({"title": text("Title of the document."), "text": text("Its text, in Markdown.")});
            object(&properties, &["title", "text"])
        },
        check: |arguments| {
            let document = WrittenDocument::deserialize(arguments).map_err(|error| error.to_string())?;
            if document.text.trim().is_empty() { Err("the text is blank".to_owned()) } else { Ok(()) }
        },
        effect: Effect::Idempotent,
        queue: Queue::Render,
        roles: MEMBERS,
        try_ms: Some(120_000),
    },
    ToolSpec {
        name: TASK_CREATE,
        description: "Create a task for somebody in the company.",
        parameters: || {
            let properties = json!({
                "title": text("What is to be done, in one line."),
                "description": text("More about it."),
                "due_at": text("When it must be done, as in 2030-01-31T12:00:00Z."),
            });
            object(&properties, &["title"])
        },
        check: shape::<CreateTask>,
        effect: Effect::Idempotent,
        queue: Queue::ToolExec,
        roles: MEMBERS,
        try_ms: Some(30_000),
    },
    ToolSpec {
        name: TASK_UPDATE,
        description: "Change a task. What is left out stays as it is.",
        parameters: || {
            let properties = json!({
                "task_id": text("The task's id."),
                "title": text("What is to be done, in one line."),
                "description": text("More about it."),
                "status": {"type": "string", "enum": ["open", "in_progress", "completed"]},
                "due_at": text("When it must be done, as in 2030-01-31T12:00:00Z."),
            });
            object(&properties, &["task_id"])
        },
        check: shape::<UpdateTask>,
        effect: Effect::Idempotent,
        queue: Queue::ToolExec,
        roles: MEMBERS,
        try_ms: Some(30_000),
    },
    ToolSpec {
        name: TASK_COMPLETE,
        description: "Mark a task as done.",
        parameters: || object(&json!({"task_id": text("The task's id.")}), &["task_id"]),
        check: shape::<CompleteTask>,
        effect: Effect::Idempotent,
        queue: Queue::ToolExec,
        roles: MEMBERS,
        try_ms: Some(30_000),
    },
    ToolSpec {
        name: TASK_LIST,
        description: "List the tasks of the company, newest first.",
        parameters: || {
            let properties = json!({
                "status": {"type": "string", "enum": ["open", "in_progress", "completed"]},
                "limit": {"type": "integer", "minimum": 1, "maximum": 50},
            });
            object(&properties, &[])
        },
        check: shape::<ListTasks>,
        effect: Effect::Pure,
        queue: Queue::ToolExec,
        roles: &[],
        try_ms: Some(30_000),
    },
    ToolSpec {
        name: ASK_TOOL,
        description: "Ask the person who started this for something that you cannot find out yourself.",
        parameters: || {
            let options =
                json!({"type": "array", "items": {"type": "string"}, "description": "Answers to choose from."});
            object(&json!({"question": text("The question."), "options": options}), &["question"])
        },
        check: shape::<super::AskParams>,
        effect: Effect::Pure,
        queue: Queue::ToolExec,
        roles: &[],
        try_ms: None,
    },
];

/// Those who may change something.
pub const MEMBERS: &[&str] = &["member", "tenant_admin", "operator"];

/// What is known of a tool with this name.
#[must_use]
pub fn spec(name: &str) -> Option<&'static ToolSpec> {
    CATALOG.iter().find(|spec| spec.name == name)
}

fn shape<T: DeserializeOwned>(arguments: &Value) -> Result<(), String> {
    T::deserialize(arguments).map(drop).map_err(|error| error.to_string())
}

fn text(description: &str) -> Value {
    json!({"type": "string", "description": description})
}

fn object(properties: &Value, required: &[&str]) -> Value {
    json!({"type": "object", "properties": properties, "required": required, "additionalProperties": false})
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::name::ToolName;

    #[test]
    fn names_are_unique_and_fit_a_subject() {
        for (index, tool) in CATALOG.iter().enumerate() {
            assert!(tool.name.parse::<ToolName>().is_ok(), "{}", tool.name);
            assert!(CATALOG[..index].iter().all(|other| other.name != tool.name), "{} twice", tool.name);
            assert_eq!((tool.parameters)()["type"], "object", "{}", tool.name);
        }
    }

    #[test]
    fn arguments_that_do_not_fit_are_told_apart() {
        let create = spec(TASK_CREATE).map(|tool| tool.check);
        let check = |arguments| create.map(|check| check(&arguments).is_ok());
        assert_eq!(check(json!({"title": "Pay"})), Some(true));
        assert_eq!(check(json!({"title": 7})), Some(false));
        assert_eq!(check(json!({"title": "Pay", "sudo": true})), Some(false));
        assert_eq!(check(json!("Pay")), Some(false));
        let render = spec(RENDER_TOOL).map(|tool| tool.check);
        let check = |text| render.map(|check| check(&json!({"title": "T", "text": text})).is_ok());
        assert_eq!((check("All of it."), check(" \n")), (Some(true), Some(false)));
    }
}
