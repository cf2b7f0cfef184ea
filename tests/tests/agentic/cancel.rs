//! Runs that are cancelled.

use sba_tests::{
    api::until,
    model::Turn,
    scene::{PATIENCE, Scene},
};
use serde_json::json;
use sqlx::{Connection as _, Executor as _, PgConnection};

pub(crate) async fn in_the_middle_of_an_answer(scene: &Scene) {
    let user = scene.tenant(json!({})).await.unwrap();
    let words: String = (1..=1_000).map(|n| format!("word{n} ")).collect();
    let run = scene.run(&user, "breaks-off", [Turn::slowly(words, 20)]).await.unwrap();
    run.until_said("token").await.unwrap();
    let asked = json!({"reason": "Enough."});
    let (status, taken) = run.tell_as("stop", "cancel", asked.clone()).await.unwrap();
    assert_eq!(status, 202);
    let ended = run.end().await.unwrap();
    assert_eq!(ended.how(), ("cancelled", "cancelled"), "{ended:?}");
    let cancelling = ended.events.iter().position(|event| event.payload["status"] == "cancelling").unwrap();
    assert!(ended.events[cancelling..].iter().all(|event| event.r#type != "token"), "no token follows: {ended:?}");
    assert_eq!(ended.events.last().unwrap().payload["error"]["message"], "Enough.");
    // The same command again is the same command, though the run has ended.
    let again = run.tell_as("stop", "cancel", asked).await.unwrap();
    assert_eq!((again.0, &again.1["command_id"]), (202, &taken["command_id"]));
    assert_eq!(scene.model.asked("breaks-off").len(), 1, "the model was called once");
}

pub(crate) async fn while_a_person_is_asked(scene: &Scene) {
    let user = scene.tenant(json!({})).await.unwrap();
    let ask = Turn::calls([("ask_person", json!({"question": "Whom?"}))]);
    let run = scene.run(&user, "nobody-answers", [ask]).await.unwrap();
    run.until("waiting_input").await.unwrap();
    assert_eq!(run.tell("cancel", json!({})).await.unwrap().0, 202);
    let ended = run.end().await.unwrap();
    assert_eq!(ended.how(), ("cancelled", "cancelled"), "{ended:?}");
    let (status, late) = run.tell("continue", json!({"input": "Ann"})).await.unwrap();
    assert_eq!((status, late["error"]["code"].as_str()), (409, Some("run_finished")));
}

/// The tool is held up by a lock in the database; the model's side is quiet by then.
pub(crate) async fn in_the_middle_of_a_tool_call(scene: &Scene) {
    let user = scene.tenant(json!({})).await.unwrap();
    let mut lock = PgConnection::connect(&scene.stack.database().owner_url).await.unwrap();
    lock.execute("begin; lock table tasks in access exclusive mode").await.unwrap();
    let create = Turn::calls([("task_create", json!({"title": "Pay"}))]);
    let run = scene.run(&user, "stopped", [create]).await.unwrap();
    let mut look = PgConnection::connect(&scene.stack.database().owner_url).await.unwrap();
    let blocked = until("the tool to wait for the lock", PATIENCE, async || {
        let waiting = "select count(*) from pg_locks where not granted";
        let waiting: i64 = sqlx::query_scalar(waiting).fetch_one(&mut look).await?;
        Ok((waiting > 0).then_some(()))
    });
    blocked.await.unwrap();
    assert_eq!(run.tell("cancel", json!({})).await.unwrap().0, 202);
    // The lock is still held: nobody waits for the tool.
    let ended = run.end().await.unwrap();
    lock.execute("rollback").await.unwrap();
    assert_eq!(ended.how(), ("cancelled", "cancelled"), "{ended:?}");
    assert!(ended.events.last().unwrap().payload["unconfirmed"].is_null(), "what became of the call is known");
    // What the log says of the call is what is in the table.
    let made = ended.all("tool_result").any(|event| event.payload["success"] == true);
    let (_, tasks) = user.get(&format!("{}/api/v1/tasks", scene.urls[0])).await.unwrap();
    assert_eq!(tasks["meta"]["total"], u64::from(made), "{ended:?}");
    let quiet = until("the model to be let go", PATIENCE, async || Ok((scene.model.speaking() == 0).then_some(())));
    quiet.await.unwrap();
}
