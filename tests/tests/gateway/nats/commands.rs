//! Commands over NATS: done as over REST, within the same limits.

use async_nats::HeaderMap;
use sba_gateway::auth::Role;
use sba_subjects::{
    codec,
    command::{Command, CommandBody},
    id::RunId,
    name::Verb,
    subject::Subject,
};
use serde_json::{Value, json};

use super::access::Access;
use crate::support::{House, house, house_with};

/// The last command of a kind that a run was given, as it is stored.
async fn stored(house: &House, run: RunId, verb: Verb) -> async_nats::jetstream::message::StreamMessage {
    let subject = Subject::Cmd { tenant: house.tenant.clone(), run, verb };
    let commands = house.jetstream.get_stream("CMDS").await.unwrap();
    commands.get_last_raw_message_by_subject(&subject.to_string()).await.unwrap()
}

fn run_of(started: &Value) -> RunId {
    started["run_id"].as_str().unwrap_or_else(|| panic!("not started: {started}")).parse().unwrap()
}

async fn member(house: &House) -> Access {
    house.let_in(&house.tenant, &[Role::Member], &json!({})).await
}

#[tokio::test]
async fn a_run_is_started_and_told_things_as_over_rest() {
    let house = house().await;
    let access = member(&house).await;
    let started = access.ask(&access.cmd("start"), &json!({"prompt": "What is due?"})).await;
    let run = run_of(&started);
    let (_, over_rest) = house.post("/runs", &json!({"prompt": "What is due?"})).await;
    let names = |body: &Value| body.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&started), names(&over_rest), "one form of answers");
    let (status, seen) = house.get(&format!("/runs/{run}")).await;
    assert_eq!((status.as_u16(), &seen["prompt"]), (200, &json!("What is due?")));
    let start: Command = codec::decode(&stored(&house, run, Verb::Start).await.payload).unwrap();
    let CommandBody::Start(created) = start.body else { panic!("{start:?}") };
    assert_eq!((created.tenant_id, created.roles), (house.tenant.id(), vec!["member".to_owned()]));
    assert_eq!(created.user_id.as_uuid().as_u128(), 7, "on behalf of whoever showed the token");

    let cancelled = access.ask(&access.cmd(&format!("cancel.{run}")), &json!({"reason": "It was wrong."})).await;
    assert_eq!((&cancelled["run_id"], &cancelled["status"]), (&json!(run), &json!("created")));
    let cancel: Command = codec::decode(&stored(&house, run, Verb::Cancel).await.payload).unwrap();
    assert_eq!(cancel.id.to_string(), cancelled["command_id"]);
    assert_eq!(cancel.body, CommandBody::Cancel { reason: "It was wrong.".to_owned() });
    let paused = access.ask_with(&access.cmd(&format!("pause.{run}")), HeaderMap::new(), "").await;
    assert_eq!(paused["run_id"], json!(run), "a body may be left out");

    for (subject, body, code) in [
        ("start".to_owned(), "", "invalid_request"),
        ("start".to_owned(), "{\"prompt\": ", "invalid_request"),
        ("start".to_owned(), "[\"a\"]", "validation_failed"),
        ("start".to_owned(), "{\"prompt\": \"\"}", "validation_failed"),
        ("start".to_owned(), "{\"prompt\": \"a\", \"user_id\": \"0192f0c1-7d5e-7c3a-9b1e-2f6a4d8c0e11\"}", "forbidden"),
        (format!("resume.{run}"), "", "not_paused"),
        (format!("input.{run}"), "{\"input\": \"a\"}", "nothing_asked"),
        (format!("cancel.{run}"), "{\"reason\": 7}", "validation_failed"),
        ("cancel.0192f0c1-7d5e-7c3a-9b1e-2f6a4d8c0e11".to_owned(), "", "not_found"),
    ] {
        assert_eq!(access.refused(&access.cmd(&subject), body).await, code, "{subject} {body}");
    }
}

#[tokio::test]
async fn a_key_stands_for_one_request_over_nats_and_rest_alike() {
    let house = house().await;
    let access = member(&house).await;
    let keyed = |key: &str| HeaderMap::from_iter([("Idempotency-Key".parse().unwrap(), key.parse().unwrap())]);
    let body = json!({"prompt": "What is due?"});
    let first = access.ask_with(&access.cmd("start"), keyed("k"), body.to_string()).await;
    let again = access.ask_with(&access.cmd("start"), keyed("k"), body.to_string()).await;
    assert_eq!(again, first);
    let inside = json!({"prompt": "What is due?", "idempotency_key": "k"});
    assert_eq!(access.ask(&access.cmd("start"), &inside).await, first);
    assert_eq!(house.post("/runs", &inside).await, (reqwest::StatusCode::CREATED, first));
    let other = json!({"prompt": "Other?", "idempotency_key": "k"}).to_string();
    assert_eq!(access.refused(&access.cmd("start"), &other).await, "idempotency_conflict");
    let bad = access.ask_with(&access.cmd("start"), keyed("ä"), body.to_string()).await;
    assert_eq!(bad["error"]["code"], "validation_failed");
}

#[tokio::test]
async fn nothing_that_came_with_a_command_goes_on() {
    let house = house().await;
    let access = member(&house).await;
    let run = run_of(&access.ask(&access.cmd("start"), &json!({"prompt": "a"})).await);
    let mut headers = HeaderMap::new();
    for (name, value) in [
        ("Nats-Msg-Id", "1"),
        ("Nats-Rollup", "all"),
        ("Nats-TTL", "1s"),
        ("Nats-Schedule", "@at 2030-01-01T00:00:00Z"),
        ("Nats-Schedule-Target", "sba.x.cmd.y"),
        ("Nats-Expected-Stream", "CMDS"),
        ("Nats-Request-Info", "{\"acc\":\"SBA\"}"),
        ("Sba-Dead-Reason", "mine"),
    ] {
        headers.insert(name, value);
    }
    let told = access.ask_with(&access.cmd(&format!("cancel.{run}")), headers, "{}").await;
    assert_eq!(told["run_id"], json!(run));
    let names: Vec<_> = stored(&house, run, Verb::Cancel).await.headers.iter().map(|(n, _)| n.to_string()).collect();
    assert!(names.is_empty(), "{names:?}");
    // The start is still there: nothing was rolled up.
    stored(&house, run, Verb::Start).await;
}

#[tokio::test]
async fn limits_are_those_of_rest() {
    let house = house_with(|config| {
        config.gateway.max_body_bytes = 2_048;
        config.gateway.max_prompt_bytes = 1_024;
        config.gateway.max_requests_per_tenant = 1;
    })
    .await;
    let access = member(&house).await;
    let long = |bytes: usize| json!({"prompt": "x".repeat(bytes)}).to_string();
    assert_eq!(access.refused(&access.cmd("start"), &long(2_048)).await, "payload_too_large");
    assert_eq!(access.refused(&access.cmd("start"), &long(1_025)).await, "validation_failed");

    let subject = access.cmd("start");
    let body = json!({"prompt": "a"});
    let asked = (0..32).map(|_| access.ask(&subject, &body));
    let answers = futures::future::join_all(asked).await;
    let limited = answers.iter().filter(|answer| answer["error"]["code"] == "rate_limited").count();
    let started = answers.iter().filter(|answer| answer["run_id"].is_string()).count();
    assert!(limited > 0 && started > 0 && limited + started == 32, "{answers:?}");
    let neighbour = house.let_in(&house.neighbour().await, &[Role::Member], &json!({})).await;
    run_of(&neighbour.ask(&neighbour.cmd("start"), &json!({"prompt": "a"})).await);
}

#[tokio::test]
async fn credentials_speak_with_the_roles_that_they_were_given_with() {
    let house = house().await;
    let viewer = house.let_in(&house.tenant, &[Role::Viewer], &json!({})).await;
    assert!(viewer.heard(&viewer.cmd("start"), b"{\"prompt\": \"a\"}").await.is_none());
    viewer.until_denied("Publish").await;
    // One who may only watch, of those who could do more.
    let watcher = house.let_in(&house.tenant, &[Role::Member], &json!({"scopes": ["watch"]})).await;
    assert!(watcher.heard(&watcher.cmd("start"), b"{\"prompt\": \"a\"}").await.is_none());
    watcher.until_denied("Publish").await;
    assert_eq!(house.get("/runs").await.1["meta"]["total"], 0);
}
