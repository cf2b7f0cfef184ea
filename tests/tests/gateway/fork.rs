//! Runs that branch off from others.

use reqwest::Method;
use sba_gateway::auth::Role;
use sba_subjects::{
    codec,
    command::{Command, CommandBody},
    event::{Created, Event, StepFinished, StepStarted},
    id::{RunId, UserId},
    name::Verb,
    run::{StepKind, StepStatus, Workflow},
    stream::Stream,
    subject::Subject,
};
use serde_json::{Value, json};
use uuid::Uuid;

use super::support::{House, answer, house};

/// A run with one step that is done and one that is not.
async fn source(house: &House) -> RunId {
    let run = house.start(&json!({"prompt": "a", "workflow": "agentic", "options": {"top_k": 3}})).await;
    let mut writer = house.writer(run).await;
    writer.take().await.unwrap().unwrap();
    let begun = |kind| Event::StepStarted(StepStarted { kind, name: "s".to_owned(), input: Value::Null });
    let (status, output) = (StepStatus::Completed, json!("text"));
    let finished = Event::StepFinished(StepFinished { status, output, usage: None, error: None });
    for (step, events) in [(1, vec![begun(StepKind::Model), finished]), (2, vec![begun(StepKind::Model)])] {
        let record = writer.record_of(Some(step), None, events).unwrap();
        writer.append(&record).await.unwrap();
    }
    run
}

async fn fork(house: &House, run: RunId, body: &Value) -> (u16, Value) {
    let (status, body) = house.post(&format!("/runs/{run}/fork"), body).await;
    (status.as_u16(), body)
}

async fn started(house: &House, run: &Value) -> Created {
    let run = run["run_id"].as_str().unwrap().parse().unwrap();
    let subject = Subject::Cmd { tenant: house.tenant.clone(), run, verb: Verb::Start }.to_string();
    let commands = house.jetstream.get_stream(Stream::Cmds.as_str()).await.unwrap();
    let message = commands.get_last_raw_message_by_subject(&subject).await.unwrap();
    match codec::decode::<Command>(&message.payload).unwrap().body {
        CommandBody::Start(created) => created,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_run_branches_off_with_what_was_asked_and_the_rights_of_who_asks_now() {
    let house = house().await;
    let run = source(&house).await;
    let (code, made) = fork(&house, run, &json!({"at_step": 1})).await;
    assert_eq!((code, &made["workflow"], &made["status"]), (201, &json!("agentic"), &json!("created")), "{made}");
    let created = started(&house, &made).await;
    assert_eq!((created.prompt.as_str(), created.workflow, created.options.top_k), ("a", Workflow::Agentic, Some(3)));
    assert_eq!(created.fork_of.map(|of| (of.run, of.step)), Some((run, 1)));
    let admin = house.token(&house.tenant, 8, &[Role::TenantAdmin]);
    let request = house.request(Method::POST, &format!("/runs/{run}/fork"), &admin).json(&json!({"atStep": 0}));
    let (status, made) = answer(request).await;
    assert_eq!(status, 201, "{made}");
    let created = started(&house, &made).await;
    assert_eq!(created.roles, ["tenant_admin"]);
    assert_eq!(created.user_id, UserId::from_uuid(Uuid::from_u128(8)));
}

#[tokio::test]
async fn the_same_fork_again_is_the_same_run() {
    let house = house().await;
    let run = source(&house).await;
    let body = |step: u32| json!({"at_step": step, "idempotency_key": "k"});
    let first = fork(&house, run, &body(1)).await.1;
    assert_eq!(fork(&house, run, &body(1)).await.1["run_id"], first["run_id"]);
    let (code, other) = fork(&house, run, &body(0)).await;
    assert_eq!((code, &other["error"]["code"]), (409, &json!("idempotency_conflict")));
}

#[tokio::test]
async fn what_cannot_be_taken_over_is_refused() {
    let house = house().await;
    let run = source(&house).await;
    let refused = async |run: RunId, body: &Value| {
        let (code, body) = fork(&house, run, body).await;
        (code, body["error"]["code"].as_str().unwrap_or_default().to_owned())
    };
    assert_eq!(refused(run, &json!({"at_step": 2})).await, (409, "step_under_way".to_owned()));
    assert_eq!(refused(run, &json!({"at_step": 3})).await, (400, "validation_failed".to_owned()));
    for body in [json!({}), json!({"at_step": -1}), json!({"at_step": "1"}), json!({"at_step": 1, "prompt": "b"})] {
        assert_eq!(refused(run, &body).await, (400, "validation_failed".to_owned()), "{body}");
    }
    let nobodys = RunId::from_uuid(Uuid::from_u128(1));
    assert_eq!(refused(nobodys, &json!({"at_step": 0})).await, (404, "not_found".to_owned()));
    let neighbour = house.neighbour().await;
    let stranger = house.token(&neighbour, 7, &[Role::TenantAdmin]);
    let viewer = house.token(&house.tenant, 7, &[Role::Viewer]);
    for (token, code) in [(&stranger, 404), (&viewer, 403)] {
        let request = house.request(Method::POST, &format!("/runs/{run}/fork"), token).json(&json!({"at_step": 0}));
        assert_eq!(answer(request).await.0, code);
    }
}
