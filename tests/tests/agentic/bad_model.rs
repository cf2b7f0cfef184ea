//! Models that ask for nonsense.

use sba_tests::{
    model::{Call, Turn},
    scene::Scene,
};
use serde_json::{Value, json};

fn text(name: &str, arguments: impl Into<Value>) -> Turn {
    let call = Call { name: name.to_owned(), arguments: arguments.into(), times: None };
    Turn { calls: vec![call], ..Turn::default() }
}

pub(crate) async fn it_is_told_what_it_does_wrong(scene: &Scene) {
    let user = scene.tenant(json!({})).await.unwrap();
    let wrong = [
        (text("rm_rf", json!({"path": "/"})), "tool_unknown"),
        (text("../../etc/passwd\u{0}\n<|im_start|>", json!({})), "tool_unknown"),
        (text("task_create", json!({"title": 7})), "arguments_invalid"),
        (text("task_create", json!({"title": "Pay", "sudo": true})), "arguments_invalid"),
        (text("task_create", "{\"title\": \"Pay\""), "arguments_invalid"),
        (text("task_create", "[".repeat(1_000)), "arguments_invalid"),
        // What fits the form and is no good is the tool's to refuse.
        (text("task_create", json!({"title": "x".repeat(5_000)})), "tool_params_invalid"),
        (text("task_create", json!({"title": "Pay", "due_at": "tomorrow"})), "tool_params_invalid"),
        (text("ask_person", json!({"options": []})), "arguments_invalid"),
    ];
    let (turns, codes): (Vec<Turn>, Vec<&str>) = wrong.into_iter().unzip();
    let run = scene.run(&user, "nonsense", turns).await.unwrap();
    let ended = run.end().await.unwrap();
    assert_eq!((ended.how(), ended.step_codes()), (("completed", ""), codes.clone()), "{ended:?}");
    let told = scene.model.asked("nonsense").pop().unwrap()["messages"].to_string();
    assert!(codes.iter().all(|code| told.contains(code)), "the model is told each: {told}");
    let (_, tasks) = user.get(&format!("{}/api/v1/tasks", scene.urls[0])).await.unwrap();
    assert_eq!(tasks["meta"]["total"], 0);
}

pub(crate) async fn it_asks_for_five_hundred_calls_at_once(scene: &Scene) {
    let user = scene.tenant(json!({})).await.unwrap();
    let many = |times| {
        let call = Call { name: "task_create".into(), arguments: json!({"title": "Task #"}), times: Some(times) };
        Turn { calls: vec![call], ..Turn::default() }
    };
    let run = scene.run(&user, "five-hundred", [many(500)]).await.unwrap();
    let ended = run.end().await.unwrap();
    assert_eq!(ended.how(), ("completed", ""), "{ended:?}");
    let most = sba_service::config::OrchestratorConfig::default().max_parallel_calls as usize;
    assert_eq!(ended.all("tool_request").count(), most, "as many as may be made at once");
    let told = scene.model.asked("five-hundred").pop().unwrap()["messages"].to_string();
    assert!(told.contains(&format!("{} calls more", 500 - most)), "the model is told: {told}");
    let (_, tasks) = user.get(&format!("{}/api/v1/tasks", scene.urls[0])).await.unwrap();
    assert_eq!(tasks["meta"]["total"], most);
    // More than any honest model asks for is no answer at all.
    let run = scene.run(&user, "five-thousand", [many(5_000)]).await.unwrap();
    let ended = run.end().await.unwrap();
    assert_eq!((ended.how(), ended.all("tool_request").count()), (("failed", "model_garbage"), 0), "{ended:?}");
}

pub(crate) async fn it_loops_on_one_call(scene: &Scene) {
    let user = scene.tenant(json!({})).await.unwrap();
    let again = || text("task_list", json!({}));
    let run = scene.run(&user, "forever", (0..100).map(|_| again())).await.unwrap();
    let ended = run.end().await.unwrap();
    assert_eq!(ended.how(), ("failed", "budget_steps"), "{ended:?}");
    let most = sba_service::config::OrchestratorConfig::default().max_same_calls as usize;
    assert_eq!(ended.all("tool_request").count(), most);
    assert!(ended.step_codes().iter().all(|code| *code == "call_repeated"), "{ended:?}");
}
