//! The tools for tasks, through the queue.

use sba_store::{Page, audit, tasks};
use sba_subjects::{
    event::ToolResult,
    id::{CallId, RunId, TaskId},
    tool::{TASK_COMPLETE, TASK_CREATE, TASK_LIST, TASK_UPDATE, task::TaskStatus},
};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{Bench, new_tenant};

fn run() -> RunId {
    RunId::from_uuid(Uuid::new_v4())
}

async fn call(bench: &Bench, tool: &str, params: Value) -> ToolResult {
    bench.call(run(), CallId::from_uuid(Uuid::new_v4()), tool, params).await
}

async fn audited(bench: &Bench) -> Vec<String> {
    let mut tx = bench.store.begin(bench.tenant.id()).await.unwrap();
    let entries = audit::list(&mut tx, Page::default()).await.unwrap().items;
    entries.into_iter().map(|entry| entry.action).filter(|action| action.starts_with("task_")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_is_created_once_changed_completed_and_listed() {
    let bench = Bench::start().await;
    let (run, id) = (run(), CallId::from_uuid(Uuid::new_v4()));
    let params = json!({"title": " Pay Acme ", "description": "Soon.", "due_at": "2030-01-31T14:00:00+02:00"});
    let made = bench.call(run, id, TASK_CREATE, params.clone()).await;
    assert!(made.success, "{made:?}");
    let task = &made.result["task"];
    assert_eq!((&task["title"], &task["status"]), (&json!("Pay Acme"), &json!("open")));
    assert_eq!(task["due_at"], json!("2030-01-31T12:00:00Z"));
    let again = bench.call(run, id, TASK_CREATE, params).await;
    assert_eq!(again.result, made.result);
    assert_eq!(audited(&bench).await, ["task_created"]);

    let task_id = task["task_id"].clone();
    let changed = call(&bench, TASK_UPDATE, json!({"task_id": task_id, "status": "in_progress"})).await;
    assert_eq!(changed.result["task"]["status"], json!("in_progress"));
    assert_eq!(changed.result["task"]["description"], json!("Soon."), "what is left out stays");
    for _ in 0..2 {
        let completed = call(&bench, TASK_COMPLETE, json!({"task_id": task_id})).await;
        assert_eq!(completed.result["task"]["status"], json!("completed"));
    }
    call(&bench, TASK_CREATE, json!({"title": "Other", "description": "x".repeat(5_000)})).await;
    let listed = call(&bench, TASK_LIST, json!({"limit": 1})).await.result;
    assert_eq!((&listed["total"], &listed["tasks"][0]["title"]), (&json!(2), &json!("Other")));
    assert!(listed["tasks"][0]["description"].as_str().unwrap().len() < 1_000);
    let done = call(&bench, TASK_LIST, json!({"status": "completed"})).await.result;
    assert_eq!((&done["total"], &done["tasks"][0]["task_id"]), (&json!(1), &task_id));

    let mut tx = bench.store.begin(bench.tenant.id()).await.unwrap();
    let stored = tasks::get(&mut tx, task_id.as_str().unwrap().parse().unwrap()).await.unwrap().unwrap();
    assert_eq!((stored.run_id, stored.status), (Some(run), TaskStatus::Completed));
    drop(tx);
    bench.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_task_can_be_is_refused_and_another_tenants_task_is_none() {
    let bench = Bench::start().await;
    let neighbour = new_tenant(&bench.store).await;
    let theirs = TaskId::from_uuid(Uuid::new_v4());
    let secret = tasks::NewTask {
        id: theirs,
        title: "secret".to_owned(),
        description: String::new(),
        assignee: None,
        due_at: None,
        created_by: sba_subjects::id::UserId::from_uuid(Uuid::nil()),
        run_id: None,
    };
    let mut tx = bench.store.begin(neighbour.id()).await.unwrap();
    tasks::create(&mut tx, &secret, &audit::Actor::default()).await.unwrap();
    tx.commit().await.unwrap();
    for (tool, params, code) in [
        (TASK_CREATE, json!({"title": "  "}), "tool_params_invalid"),
        (TASK_CREATE, json!({"title": "x".repeat(201)}), "tool_params_invalid"),
        (TASK_CREATE, json!({"title": "x", "description": "x".repeat(10_001)}), "tool_params_invalid"),
        (TASK_CREATE, json!({"title": "x", "due_at": "soon"}), "tool_params_invalid"),
        (TASK_CREATE, json!({"title": "x", "assignee": "me"}), "tool_params_invalid"),
        (TASK_CREATE, json!({"title": "x", "tenant_id": neighbour.id()}), "tool_params_invalid"),
        (TASK_UPDATE, json!({"task_id": theirs, "title": "mine"}), "task_not_found"),
        (TASK_UPDATE, json!({"task_id": Uuid::nil()}), "task_not_found"),
        (TASK_COMPLETE, json!({"task_id": theirs}), "task_not_found"),
        (TASK_LIST, json!({"limit": 51}), "tool_params_invalid"),
        (TASK_LIST, json!({"status": "lost"}), "tool_params_invalid"),
    ] {
        let refused = call(&bench, tool, params.clone()).await;
        assert_eq!(refused.error.map(|error| error.code).as_deref(), Some(code), "{tool} {params}");
    }
    assert_eq!(call(&bench, TASK_LIST, json!({})).await.result["total"], json!(0));
    let mut tx = bench.store.begin(neighbour.id()).await.unwrap();
    assert_eq!(tasks::get(&mut tx, theirs).await.unwrap().unwrap().title, "secret");
    drop(tx);
    bench.stop().await;
}
