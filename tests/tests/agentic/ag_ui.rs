//! Clients of AG-UI.

use reqwest::Method;
use sba_tests::{
    api::{User, code},
    model::{Turn, prompt},
    scene::{PATIENCE, Scene},
    sse,
};
use serde_json::{Value, json};

/// Events with their ids, until the stream ends or so many are there.
type Heard = Vec<(String, Value)>;

async fn hear(user: &User, gateway: &str, input: &Value, last: Option<&str>, most: usize) -> Heard {
    let mut request = user.request(Method::POST, &format!("{gateway}/api/v1/ag-ui")).json(input);
    if let Some(last) = last {
        request = request.header("last-event-id", last);
    }
    let response = request.send().await.unwrap();
    assert_eq!(
        (response.status().as_u16(), &response.headers()["content-type"]),
        (200, &"text/event-stream".parse().unwrap())
    );
    sse::events(response, most, PATIENCE).await.unwrap()
}

fn input(run: &str, word: &str, turns: impl IntoIterator<Item = Turn>) -> Value {
    let messages = json!([{"id": "m", "role": "user", "content": prompt(word, turns)}]);
    json!({"threadId": word, "runId": run, "state": {"mine": 1}, "messages": messages, "tools": [], "context": []})
}

fn kinds(events: &Heard) -> Vec<&str> {
    events.iter().map(|(_, event)| event["type"].as_str().unwrap()).collect()
}

fn ids(events: &Heard) -> Vec<&str> {
    events.iter().map(|(id, _)| id.as_str()).collect()
}

pub(crate) async fn a_client_of_ag_ui_is_asked_answers_and_comes_back_from_anywhere(scene: &Scene) {
    let user = scene.tenant(json!({"approve": ["task_create"]})).await.unwrap();
    let asked =
        input("one", "ag-ui", [Turn::calls([("task_create", json!({"title": "Pay"}))]), Turn::says("It is done.")]);
    let first = hear(&user, &scene.urls[0], &asked, None, usize::MAX).await;
    assert_eq!(kinds(&first)[..2], ["RUN_STARTED", "STATE_SNAPSHOT"]);
    let end = &first.last().unwrap().1;
    let interrupt = &end["outcome"]["interrupts"][0];
    assert_eq!((&end["type"], &interrupt["reason"]), (&json!("RUN_FINISHED"), &json!("approval")), "{end}");
    assert!(kinds(&first).contains(&"TOOL_CALL_START"), "what is to be approved is told before");

    // Somebody else can neither see nor answer it.
    let stranger = scene.tenant(json!({})).await.unwrap();
    let answer = |run: &str, yes: bool| {
        let mut answer = asked.clone();
        answer["runId"] = json!(run);
        answer["resume"] =
            json!([{"interruptId": interrupt["id"], "status": "resolved", "payload": {"approved": yes}}]);
        answer
    };
    let url = format!("{}/api/v1/ag-ui", scene.urls[0]);
    assert_eq!(stranger.post(&url, &answer("two", true)).await.unwrap().0, 404);

    let second = hear(&user, &scene.urls[1], &answer("two", true), None, usize::MAX).await;
    assert_eq!(second.last().unwrap().1["outcome"]["type"], "success");
    let said = |kind: &str| second.iter().find(|(_, event)| event["type"] == kind).map(|(_, event)| event.clone());
    assert!(said("TOOL_CALL_RESULT").unwrap()["content"].as_str().unwrap().contains("task_id"));
    let text: String = second.iter().filter_map(|(_, event)| event["delta"].as_str()).collect();
    assert_eq!(text, "It is done.");
    assert!(said("TOOL_CALL_START").is_none(), "it was told of before");

    // The same requests have the same streams, and go on behind whatever the client has.
    for (request, whole) in [(&asked, &first), (&answer("two", true), &second)] {
        assert_eq!(&hear(&user, &scene.urls[1], request, None, usize::MAX).await, whole);
        for at in 0..whole.len() {
            let rest = hear(&user, &scene.urls[at % 2], request, Some(&whole[at].0), usize::MAX).await;
            assert_eq!(ids(&rest), ids(&whole[at + 1..].to_vec()), "behind {}", whole[at].0);
        }
    }
    // Another answer comes too late, and another question is none of that run.
    let (status, late) = user.post(&url, &answer("three", false)).await.unwrap();
    assert_eq!((status, code(&late)), (409, "run_finished"), "{late}");
    let (status, other) = user.post(&url, &input("one", "ag-ui", [Turn::says("Else.")])).await.unwrap();
    assert_eq!((status, code(&other)), (409, "idempotency_conflict"), "{other}");
}

pub(crate) async fn what_is_no_input_of_ag_ui_is_refused(scene: &Scene) {
    let user = scene.tenant(json!({})).await.unwrap();
    let url = format!("{}/api/v1/ag-ui", scene.urls[0]);
    let good = input("r", "refused", [Turn::says("No.")]);
    let with = |name: &str, value: Value| {
        let mut input = good.clone();
        input[name] = value;
        input
    };
    let forged = json!([{"interruptId": "x", "status": "resolved"}]);
    for (bad, expected) in [
        (with("messages", json!([])), "validation_failed"),
        (with("messages", json!("none")), "validation_failed"),
        (with("runId", Value::Null), "validation_failed"),
        (with("forwardedProps", json!({"sba": {"workflow": "tool"}})), "validation_failed"),
        (with("forwardedProps", json!({"sba": {"options": {"unknown": 1}}})), "invalid_request"),
        (with("resume", forged), "validation_failed"),
    ] {
        let (status, refusal) = user.post(&url, &bad).await.unwrap();
        assert_eq!((status, code(&refusal)), (400, expected), "{refusal}");
    }
    let request = user.request(Method::POST, &url).header("last-event-id", "seven").json(&good);
    assert_eq!(user.send(request).await.unwrap().0, 400);
}
