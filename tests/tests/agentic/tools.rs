//! Tools that the model asks for.

use sba_tests::{
    model::{LAST_WORDS, Turn},
    scene::Scene,
};
use serde_json::{Value, json};

/// The tasks of a user's tenant.
async fn tasks(scene: &Scene, user: &sba_tests::api::User) -> Vec<Value> {
    let (status, list) = user.get(&format!("{}/api/v1/tasks?limit=100", scene.urls[1])).await.unwrap();
    assert_eq!(status, 200, "{list}");
    list["data"].as_array().unwrap().clone()
}

pub(crate) async fn several_are_called_side_by_side_and_their_results_go_back(scene: &Scene) {
    let user = scene.tenant(json!({})).await.unwrap();
    let calls = [
        ("task_create", json!({"title": "Pay the rent"})),
        ("task_create", json!({"title": "Call Ann", "due_at": "2030-01-31T12:00:00Z"})),
        ("knowledge_search", json!({"query": "rent"})),
    ];
    let later = [("task_list", json!({}))];
    let run = scene.run(&user, "side-by-side", [Turn::calls(calls), Turn::calls(later)]).await.unwrap();
    let ended = run.end().await.unwrap();
    assert_eq!(ended.how(), ("completed", ""), "{ended:?}");
    // All three are asked for before the first answers.
    let kinds: Vec<&str> = ended.events.iter().map(|event| event.r#type.as_str()).collect();
    let first_result = kinds.iter().position(|kind| *kind == "tool_result").unwrap();
    assert_eq!(kinds[..first_result].iter().filter(|kind| **kind == "tool_request").count(), 3, "{kinds:?}");
    let mut titles: Vec<Value> = tasks(scene, &user).await.into_iter().map(|task| task["title"].clone()).collect();
    titles.sort_by_key(Value::to_string);
    assert_eq!(titles, [json!("Call Ann"), json!("Pay the rent")]);
    // What the model is told in its third turn.
    let asked = scene.model.asked("side-by-side");
    assert_eq!(asked.len(), 3);
    let messages = asked[2]["messages"].as_array().unwrap();
    let roles: Vec<&str> = messages.iter().map(|message| message["role"].as_str().unwrap()).collect();
    assert_eq!(roles, ["system", "user", "assistant", "tool", "tool", "tool", "assistant", "tool"]);
    assert!(messages[3]["content"].as_str().unwrap().contains("Pay the rent"));
    assert!(messages[7]["content"].as_str().unwrap().contains("Call Ann"), "the list of tasks: {}", messages[7]);
    let run = run.seen().await.unwrap();
    assert_eq!(run["steps"].as_array().unwrap().last().unwrap()["output"]["text"], json!(LAST_WORDS));
}

pub(crate) async fn a_repeated_call_has_its_effect_once_more_and_a_loop_is_broken(scene: &Scene) {
    let user = scene.tenant(json!({"max_steps": 30})).await.unwrap();
    let again = || Turn::calls([("task_create", json!({"title": "Water the plants"}))]);
    let run = scene.run(&user, "loop", (0..6).map(|_| again())).await.unwrap();
    let ended = run.end().await.unwrap();
    assert_eq!(ended.how(), ("completed", ""), "{ended:?}");
    assert_eq!(ended.step_codes(), ["call_repeated"; 3]);
    assert_eq!(tasks(scene, &user).await.len(), 3, "as often as the same call may be made");
}
