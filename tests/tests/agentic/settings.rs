//! What the tenant's settings say.

use sba_tests::{
    model::Turn,
    scene::{Run, Scene},
};
use serde_json::{Value, json};

/// The names of the tools that a request offers.
fn offered(request: &Value) -> Vec<&str> {
    let tools = request["tools"].as_array().unwrap();
    tools.iter().map(|tool| tool["function"]["name"].as_str().unwrap()).collect()
}

pub(crate) async fn tools_approval_and_language_are_the_tenants(scene: &Scene) {
    let config = json!({
        "tools": ["task_create", "task_list"], "approve": ["task_list"],
        "locale": "de", "instructions": "Never say please.", "model": "the-tenants-own",
    });
    let user = scene.tenant(config).await.unwrap();
    let turns = || [Turn::calls([("task_list", json!({})), ("knowledge_search", json!({"query": "rent"}))])];
    let run = scene.run(&user, "set-up", turns()).await.unwrap();
    let ask = run.until("waiting_input").await.unwrap()["asks"][0].clone();
    assert_eq!(ask["call"]["tool_name"], "task_list");
    assert_eq!(run.tell("continue", json!({"input": true})).await.unwrap().0, 202);
    let ended = run.end().await.unwrap();
    assert_eq!((ended.how(), ended.step_codes()), (("completed", ""), vec!["tool_unknown"]), "{ended:?}");
    let asked = &scene.model.asked("set-up")[0];
    assert_eq!(offered(asked), ["task_create", "task_list", "ask_person"]);
    assert_eq!(asked["model"], "the-tenants-own");
    let system = asked["messages"][0]["content"].as_str().unwrap();
    assert!(system.contains("language de") && system.contains("Never say please."), "{system}");

    // The request leaves out more, and says another language.
    let options = json!({"tools": ["task_create"], "locale": "fr"});
    let run = Run::start(&scene.urls, &user, options, "asked-for", turns()).await.unwrap();
    let ended = run.end().await.unwrap();
    assert_eq!(ended.step_codes(), ["tool_unknown"; 2], "{ended:?}");
    let asked = &scene.model.asked("asked-for")[0];
    assert_eq!(offered(asked), ["task_create", "ask_person"]);
    assert!(asked["messages"][0]["content"].as_str().unwrap().contains("language fr"));
}
