//! Starting runs and seeing them.

use async_nats::jetstream::stream::DiscardPolicy;
use reqwest::Method;
use sba_gateway::auth::Role;
use sba_subjects::{
    codec,
    command::{Command, CommandBody},
    event::{Done, Event},
    run::{RunStatus, Usage},
    stream::Stream,
};
use serde_json::json;
use uuid::Uuid;

use super::support::{House, answer, house};

#[tokio::test]
async fn a_run_is_promised_by_its_command_and_seen_at_once() {
    let house = house().await;
    let body = json!({"tenantId": house.tenant.id(), "prompt": "What is due?", "options": {"topK": 3}});
    let response = house.request(Method::POST, "/runs", &house.member()).json(&body).send().await.unwrap();
    assert_eq!(response.status(), 201);
    let location = response.headers()["location"].to_str().unwrap().to_owned();
    let started: serde_json::Value = response.json().await.unwrap();
    assert_eq!((&started["status"], &started["links"]["run"]), (&json!("created"), &json!(location)));

    let path = location.strip_prefix("/api/v1").unwrap();
    let (status, run) = house.get(path).await;
    assert_eq!(status, 200, "{run}");
    assert_eq!((&run["status"], &run["prompt"], &run["seq"]), (&json!("created"), &json!("What is due?"), &json!(1)));

    let commands = house.jetstream.get_stream(Stream::Cmds.as_str()).await.unwrap();
    let stored = commands.get_raw_message(1).await.unwrap();
    let command: Command = codec::decode(&stored.payload).unwrap();
    let CommandBody::Start(created) = command.body else { panic!("{command:?}") };
    assert_eq!((created.prompt.as_str(), created.options.top_k), ("What is due?", Some(3)));
    assert!(stored.subject.ends_with(&format!("{}.start", started["run_id"].as_str().unwrap())));
}

#[tokio::test]
async fn the_same_key_gives_the_same_run_and_nothing_else() {
    let house = house().await;
    let send = async |token: &str, key: &str, prompt: &str| {
        let request = house.request(Method::POST, "/runs", token).header("idempotency-key", key);
        answer(request.json(&json!({"prompt": prompt}))).await
    };
    let member = house.member();
    let (status, first) = send(&member, "k", "a").await;
    assert_eq!(status, 201);
    assert_eq!(send(&member, "k", "a").await, (status, first.clone()), "the same answer");
    assert_ne!(send(&member, "l", "a").await.1["run_id"], first["run_id"]);
    let (status, other) = send(&member, "k", "b").await;
    assert_eq!((status.as_u16(), &other["error"]["code"]), (409, &json!("idempotency_conflict")));
    let colleague = house.token(&house.tenant, 8, &[Role::Member]);
    assert_eq!(send(&colleague, "k", "a").await.0, 409, "another user's request is another request");
    let neighbour = house.neighbour().await;
    let elsewhere = send(&house.token(&neighbour, 7, &[Role::Member]), "k", "a").await;
    assert_eq!(elsewhere.0, 201);
    assert_ne!(elsewhere.1["run_id"], first["run_id"]);
}

#[tokio::test]
async fn many_at_once_with_one_key_start_one_run() {
    let house = house().await;
    let body = json!({"prompt": "a", "idempotencyKey": "k"});
    let all = futures::future::join_all((0..20).map(|_| house.post("/runs", &body))).await;
    let ids: std::collections::BTreeSet<_> = all.iter().map(|(_, run)| run["run_id"].as_str().unwrap()).collect();
    assert!(all.iter().all(|(status, _)| *status == 201) && ids.len() == 1, "{all:?}");
    let run = ids.first().unwrap().parse().unwrap();
    assert_eq!(house.writer(run).await.said().await.unwrap().len(), 1);
}

#[tokio::test]
async fn another_tenants_run_is_no_run() {
    let house = house().await;
    let run = house.start(&json!({"prompt": "secret"})).await;
    let neighbour = house.neighbour().await;
    let token = house.token(&neighbour, 7, &[Role::TenantAdmin]);
    let theirs = answer(house.request(Method::GET, &format!("/runs/{run}"), &token)).await;
    let nobodys = answer(house.request(Method::GET, &format!("/runs/{}", Uuid::from_u128(1)), &token)).await;
    for (status, mut body) in [theirs.clone(), nobodys.clone()] {
        assert_eq!(status, 404);
        body["error"]["request_id"] = json!("");
        assert_eq!(body, json!({"error": {"code": "not_found", "message": "there is no such run", "request_id": ""}}));
    }
    let list = answer(house.request(Method::GET, "/runs", &token)).await.1;
    assert_eq!(list["meta"]["total"], 0);
}

#[tokio::test]
async fn a_token_for_a_tenant_that_does_not_exist_does_not_hold() {
    let house = house().await;
    let nobody = nkeys::KeyPair::new_account().public_key().parse().unwrap();
    let token = house.token(&nobody, 7, &[Role::Member]);
    let (status, body) = answer(house.request(Method::GET, "/runs", &token)).await;
    assert_eq!((status.as_u16(), &body["error"]["code"]), (401, &json!("unauthenticated")));
}

#[tokio::test]
async fn a_run_shows_what_its_log_says_while_nothing_projects_it() {
    let house = house().await;
    let run = house.start(&json!({"prompt": "a"})).await;
    let mut writer = house.writer(run).await;
    writer.take().await.unwrap().unwrap();
    let done =
        Done { run_id: run, status: RunStatus::Completed, usage: Usage::default(), error: None, unconfirmed: vec![] };
    writer.append(&writer.record(vec![Event::Done(done)]).unwrap()).await.unwrap();
    let (status, found) = house.get(&format!("/runs/{run}")).await;
    assert_eq!(status, 200);
    assert_eq!((&found["status"], &found["seq"], &found["attempt"]), (&json!("completed"), &json!(3), &json!(1)));
    assert!(found["ended_at"].is_string());
}

/// Lets a stream hold one message and no more.
async fn fill(house: &House, stream: Stream) {
    let stream = house.jetstream.get_stream(stream.as_str()).await.unwrap();
    let mut config = stream.cached_info().config.clone();
    (config.max_messages, config.discard) = (1, DiscardPolicy::New);
    house.jetstream.update_stream(&config).await.unwrap();
}

async fn refused(house: &House, key: &str) -> (u16, String) {
    let request = house.request(Method::POST, "/runs", &house.member()).header("idempotency-key", key);
    let response = request.json(&json!({"prompt": "b"})).send().await.unwrap();
    assert!(response.headers().contains_key("retry-after"));
    let status = response.status().as_u16();
    let body: serde_json::Value = response.json().await.unwrap();
    (status, body["error"]["code"].as_str().unwrap_or_default().to_owned())
}

#[tokio::test]
async fn nothing_stored_is_said_only_where_nothing_was_stored() {
    for (full, code) in [
        (vec![Stream::Cmds, Stream::Runs], "storage_full"),
        // Half a run may become a whole one.
        (vec![Stream::Cmds], "unavailable"),
        (vec![Stream::Runs], "unavailable"),
    ] {
        let house = house().await;
        house.start(&json!({"prompt": "a", "idempotency_key": "first"})).await;
        for stream in &full {
            fill(&house, *stream).await;
        }
        assert_eq!(refused(&house, "k").await, (503, code.to_owned()), "{full:?}");
    }
}

#[tokio::test]
async fn a_run_that_found_no_room_is_none() {
    let house = house().await;
    house.start(&json!({"prompt": "a"})).await;
    fill(&house, Stream::Cmds).await;
    let (status, body) = house.post("/runs", &json!({"prompt": "b"})).await;
    assert_eq!((status.as_u16(), &body["error"]["code"]), (503, &json!("storage_full")));
    let (status, _) = house.post("/tools/execute", &json!({"tool_name": "task_list", "params": {}})).await;
    assert_eq!(status, 503);
}

#[tokio::test]
async fn a_run_whose_command_found_no_room_gets_it_with_the_same_request() {
    let house = house().await;
    house.start(&json!({"prompt": "a", "idempotency_key": "first"})).await;
    fill(&house, Stream::Cmds).await;
    assert_eq!(refused(&house, "k").await.0, 503);
    let stream = house.jetstream.get_stream(Stream::Cmds.as_str()).await.unwrap();
    stream.purge().await.unwrap();
    let request = house.request(Method::POST, "/runs", &house.member()).header("idempotency-key", "k");
    let (status, run) = answer(request.json(&json!({"prompt": "b"}))).await;
    assert_eq!(status, 201, "{run}");
    let command = stream.get_raw_message(stream.get_info().await.unwrap().state.last_sequence).await.unwrap();
    assert!(command.subject.ends_with(&format!("{}.start", run["run_id"].as_str().unwrap())));
}

#[tokio::test]
async fn a_key_of_a_run_that_has_lost_its_log_starts_no_second_run() {
    let house = house().await;
    let body = json!({"prompt": "a", "idempotency_key": "old"});
    let run = house.start(&body).await;
    assert_eq!(house.start(&body).await, run);
    let mut tx = house.store.begin(house.tenant.id()).await.unwrap();
    let at = time::OffsetDateTime::UNIX_EPOCH;
    let new = sba_store::runs::NewRun {
        id: run,
        seq: 1,
        at,
        user_id: sba_subjects::id::UserId::from_uuid(Uuid::from_u128(7)),
        session_id: None,
        workflow: "render".to_owned(),
        prompt: "a".to_owned(),
        request: json!({}),
    };
    sba_store::runs::write(&mut tx, &[new], &[]).await.unwrap();
    let status = Some(sba_subjects::run::RunStatus::Completed);
    let done = sba_store::runs::RunUpdate { status, ..sba_store::runs::RunUpdate::new(run, 9, at) };
    sba_store::runs::write(&mut tx, &[], &[done]).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(house.start(&body).await, run, "it has its log");
    house.writer(run).await.log.purge(&house.tenant, run).await.unwrap();
    let (status, refused) = house.post("/runs", &body).await;
    assert_eq!((status.as_u16(), &refused["error"]["code"]), (409, &json!("idempotency_conflict")), "{refused}");
}
