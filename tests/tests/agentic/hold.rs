//! Runs that are held, and runs that wait.

use futures::StreamExt as _;
use sba_service::heartbeat::Rhythm;
use sba_subjects::{codec, heartbeat::Heartbeat, subject::filter};
use sba_tests::{
    api::until,
    model::Turn,
    scene::{PATIENCE, Scene},
};
use serde_json::json;

/// Words that take so long that they are interrupted.
fn long() -> Turn {
    Turn::slowly((1..=200).map(|n| format!("word{n} ")).collect::<String>(), 50)
}

pub(crate) async fn a_paused_run_breaks_off_its_model_and_goes_on_when_it_is_resumed(scene: &Scene) {
    let user = scene.tenant(json!({})).await.unwrap();
    let words: String = (1..=40).map(|n| format!("word{n} ")).collect();
    let run = scene.run(&user, "held", [Turn::slowly(words.trim(), 150)]).await.unwrap();
    run.until_said("token").await.unwrap();
    assert_eq!(run.tell("pause", json!({})).await.unwrap().0, 202);
    let paused = run.until("paused").await.unwrap();
    let (status, refused) = run.tell("continue", json!({"input": "go"})).await.unwrap();
    assert_eq!((status, refused["error"]["code"].as_str()), (409, Some("nothing_asked")));
    // Nothing more is said: the log stays where it was.
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    assert_eq!(run.seen().await.unwrap()["seq"], paused["seq"]);
    assert_eq!(run.tell("resume", json!({})).await.unwrap().0, 202);
    let ended = run.end().await.unwrap();
    assert_eq!(ended.how(), ("completed", ""), "{ended:?}");
    assert_eq!(sba_tests::installation::text_of(&ended.events, 1).trim(), words.trim());
    let (status, refused) = run.tell("resume", json!({})).await.unwrap();
    assert_eq!((status, refused["error"]["code"].as_str()), (409, Some("run_finished")));
}

pub(crate) async fn a_paused_run_keeps_what_its_tools_answer(scene: &Scene) {
    let user = scene.tenant(json!({"approve": ["task_create"]})).await.unwrap();
    let both = [("task_create", json!({"title": "Pay"})), ("ask_person", json!({"question": "Whom?"}))];
    let run = scene.run(&user, "kept", [Turn::calls(both)]).await.unwrap();
    let asks = run.until("waiting_input").await.unwrap()["asks"].clone();
    assert_eq!(run.tell("pause", json!({})).await.unwrap().0, 202);
    run.until("paused").await.unwrap();
    let answer = |at: usize, input: serde_json::Value| json!({"ask_id": asks[at]["ask_id"], "input": input});
    assert_eq!(run.tell("continue", answer(0, json!(true))).await.unwrap().0, 202);
    assert_eq!(run.tell("continue", answer(1, json!("Ann"))).await.unwrap().0, 202);
    let both_told = until("both answers", PATIENCE, async || {
        let seen = run.seen().await?;
        Ok(seen["asks"].as_array().is_some_and(Vec::is_empty).then_some(seen))
    });
    let seen = both_told.await.unwrap();
    assert_eq!(seen["status"], "paused", "{seen}");
    assert!(seen["steps"][1]["tool_call"].is_null(), "nothing is called while it is held: {seen}");
    assert_eq!(run.tell("resume", json!({})).await.unwrap().0, 202);
    let ended = run.end().await.unwrap();
    assert_eq!(ended.how(), ("completed", ""), "{ended:?}");
    assert_eq!(ended.all("tool_request").count(), 1);
}

/// Runs that wait for people, or are held, stand in no heartbeat; a run that is driven does.
pub(crate) async fn runs_that_wait_are_nobodys(scene: &Scene) {
    let user = scene.tenant(json!({})).await.unwrap();
    let ask = || Turn::calls([("ask_person", json!({"question": "Whom?"}))]);
    let asks = scene.run(&user, "waits", [ask()]).await.unwrap();
    let held = scene.run(&user, "stands", [ask()]).await.unwrap();
    asks.until("waiting_input").await.unwrap();
    held.until("waiting_input").await.unwrap();
    assert_eq!(held.tell("pause", json!({})).await.unwrap().0, 202);
    held.until("paused").await.unwrap();
    let driven = scene.run(&user, "driven", [long()]).await.unwrap();
    driven.until_said("token").await.unwrap();
    let client = scene.stack.hub().connect().await.unwrap();
    let mut beats = client.subscribe(filter::HEARTBEATS).await.unwrap();
    client.flush().await.unwrap();
    // Each process beats several times meanwhile.
    let listened = Rhythm::of(&sba_service::config::OrchestratorConfig::default()).limit() * 2;
    let (mut owned, end) = (Vec::new(), tokio::time::Instant::now() + listened);
    while let Ok(Some(beat)) = tokio::time::timeout_at(end, beats.next()).await {
        let beat: Heartbeat = codec::decode(&beat.payload).unwrap();
        owned.extend(beat.runs.into_iter().map(|run| run.as_uuid()));
    }
    assert!(owned.contains(&driven.id), "the run that is driven has an owner: {owned:?}");
    assert!(!owned.contains(&asks.id) && !owned.contains(&held.id), "{owned:?}");
    assert_eq!(driven.tell("cancel", json!({})).await.unwrap().0, 202);
    assert_eq!(driven.end().await.unwrap().how(), ("cancelled", "cancelled"));
}
