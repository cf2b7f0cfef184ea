//! Runs that somebody or something keeps waiting, with little patience.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use sba_tests::{model::Turn, scene::Scene};
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn silence_and_slowness_come_to_an_end() {
    let orchestrator = json!({"answer_deadline_ms": 1_500, "run_deadline_ms": 3_000});
    let scene = Scene::start(json!({"orchestrator": orchestrator})).await.unwrap();
    tokio::join!(nobody_answers(&scene), it_takes_too_long(&scene));
}

/// A person's silence is told to the model, and is not held against the run's time.
async fn nobody_answers(scene: &Scene) {
    let user = scene.tenant(json!({"approve": ["task_create"]})).await.unwrap();
    let both = [("task_create", json!({"title": "Pay"})), ("ask_person", json!({"question": "Whom?"}))];
    let again = Turn::calls([("ask_person", json!({"question": "Anybody?"}))]);
    let run = scene.run(&user, "silence", [Turn::calls(both), again]).await.unwrap();
    let asks = run.until("waiting_input").await.unwrap()["asks"].clone();
    let ended = run.end().await.unwrap();
    assert_eq!((ended.how(), ended.step_codes()), (("completed", ""), vec!["ask_expired"; 3]), "{ended:?}");
    assert_eq!(ended.all("tool_request").count(), 0, "what nobody approved is not called");
    assert!(ended.all("input_result").all(|event| event.payload["user_id"].is_null()), "nobody answered: {ended:?}");
    let lasted = ended.events.last().unwrap().ts - ended.events[0].ts;
    assert!(lasted > 3_000, "longer than a run may take, were it not waiting: {lasted} ms");
    let late = run.tell("continue", json!({"ask_id": asks[0]["ask_id"], "input": true})).await.unwrap();
    assert_eq!((late.0, late.1["error"]["code"].as_str()), (409, Some("run_finished")));
}

async fn it_takes_too_long(scene: &Scene) {
    let user = scene.tenant(json!({})).await.unwrap();
    let turn = |n: usize| Turn {
        say: "One moment.".into(),
        pause_ms: 200,
        ..Turn::calls([("task_list", json!({"limit": n}))])
    };
    let run = scene.run(&user, "dawdles", (1..=20).map(turn)).await.unwrap();
    let ended = run.end().await.unwrap();
    assert_eq!(ended.how(), ("failed", "budget_time"), "{ended:?}");
}
