//! Answering, cancelling, pausing and resuming runs.

use reqwest::Method;
use sba_gateway::auth::Role;
use sba_subjects::{
    codec,
    command::{Command, CommandBody},
    event::{Done, Event, InputRequest, InputResult, Status, StepStarted},
    id::{AskId, CommandId, RunId, UserId},
    name::Verb,
    run::{AskKind, Failure, RunStatus, StepKind, Usage},
    stream::{MAX_COMMANDS, Stream},
    subject::Subject,
};
use sba_tests::run_log::Writer;
use serde_json::{Value, json};
use uuid::Uuid;

use super::support::{House, answer, house};

pub(crate) const ASK: Uuid = Uuid::from_u128(5);

/// A run that was started and taken.
pub(crate) async fn running(house: &House) -> (RunId, Writer) {
    let run = house.start(&json!({"prompt": "a", "workflow": "agentic"})).await;
    let mut writer = house.writer(run).await;
    writer.take().await.unwrap().unwrap();
    (run, writer)
}

async fn say(writer: &mut Writer, step: Option<u32>, cause: Option<CommandId>, events: Vec<Event>) {
    let record = writer.record_of(step, cause, events).unwrap();
    writer.append(&record).await.unwrap();
}

fn status(status: RunStatus) -> Event {
    Event::Status(Status { status, reason: None, until: None })
}

/// Lets the run ask.
pub(crate) async fn ask(writer: &mut Writer) {
    let started = StepStarted { kind: StepKind::User, name: "ask_person".to_owned(), input: Value::Null };
    let request = InputRequest {
        ask_id: AskId::from_uuid(ASK),
        kind: AskKind::Question,
        text: "Which supplier?".to_owned(),
        options: vec!["Acme".to_owned()],
        expires_at: Some(1_800_000_000_000),
        call: None,
    };
    say(writer, Some(1), None, vec![Event::StepStarted(started), Event::InputRequest(request)]).await;
    say(writer, None, None, vec![status(RunStatus::WaitingInput)]).await;
}

pub(crate) async fn command(house: &House, run: RunId, verb: Verb) -> Option<Command> {
    let subject = Subject::Cmd { tenant: house.tenant.clone(), run, verb }.to_string();
    let commands = house.jetstream.get_stream(Stream::Cmds.as_str()).await.unwrap();
    let message = commands.get_last_raw_message_by_subject(&subject).await.ok()?;
    Some(codec::decode(&message.payload).unwrap())
}

pub(crate) async fn waiting(house: &House) -> u64 {
    house.jetstream.get_stream(Stream::Cmds.as_str()).await.unwrap().info().await.unwrap().state.messages
}

async fn post(house: &House, run: RunId, verb: &str, body: &Value) -> (u16, Value) {
    let (status, body) = house.post(&format!("/runs/{run}/{verb}"), body).await;
    (status.as_u16(), body)
}

async fn refused(house: &House, run: RunId, verb: &str, body: &Value) -> (u16, String) {
    let (status, body) = post(house, run, verb, body).await;
    (status, body["error"]["code"].as_str().unwrap_or_default().to_owned())
}

#[tokio::test]
async fn a_run_that_asks_is_shown_and_answered() {
    let house = house().await;
    let (run, mut writer) = running(&house).await;
    assert_eq!(refused(&house, run, "continue", &json!({"input": "Acme"})).await, (409, "nothing_asked".to_owned()));
    ask(&mut writer).await;
    let shown = house.get(&format!("/runs/{run}")).await.1;
    assert_eq!(shown["asks"].as_array().unwrap().len(), 1);
    let asked = &shown["asks"][0];
    assert_eq!((&asked["ask_id"], &asked["text"]), (&json!(ASK), &json!("Which supplier?")));
    assert_eq!((&asked["kind"], &asked["options"]), (&json!("question"), &json!(["Acme"])));
    assert!(asked["expires_at"].is_string());
    assert_eq!((&shown["steps"][0]["kind"], &shown["cancel"]), (&json!("user"), &Value::Null));

    let other = json!({"ask_id": Uuid::from_u128(6), "input": "Acme"});
    assert_eq!(refused(&house, run, "continue", &other).await, (409, "nothing_asked".to_owned()));
    let body = json!({"askId": ASK, "input": "Acme", "idempotencyKey": "k"});
    let (code, taken) = post(&house, run, "continue", &body).await;
    assert_eq!((code, &taken["status"], &taken["run_id"]), (202, &json!("waiting_input"), &json!(run)), "{taken}");
    let stored = command(&house, run, Verb::Input).await.unwrap();
    assert_eq!(json!(stored.id), taken["command_id"]);
    let user_id = UserId::from_uuid(Uuid::from_u128(7));
    let input = CommandBody::Input { user_id, ask_id: Some(AskId::from_uuid(ASK)), input: json!("Acme") };
    assert_eq!(stored.body, input);

    let told = InputResult { ask_id: AskId::from_uuid(ASK), user_id: Some(user_id), answer: json!("Acme") };
    say(&mut writer, Some(1), Some(stored.id), vec![Event::InputResult(told)]).await;
    let known = waiting(&house).await;
    assert_eq!(post(&house, run, "continue", &body).await.1["command_id"], taken["command_id"], "the same again");
    assert_eq!(waiting(&house).await, known, "what was done is not asked for once more");
    let late = json!({"ask_id": ASK, "input": "Acme"});
    assert_eq!(refused(&house, run, "continue", &late).await, (409, "already_answered".to_owned()));
}

#[tokio::test]
async fn a_run_is_paused_resumed_and_cancelled_as_its_log_allows() {
    let house = house().await;
    let (run, mut writer) = running(&house).await;
    assert_eq!(refused(&house, run, "resume", &json!({})).await, (409, "not_paused".to_owned()));
    // Without a body too.
    let bare = house.request(Method::POST, &format!("/runs/{run}/pause"), &house.member());
    assert_eq!(answer(bare).await.0, 202);
    assert_eq!(command(&house, run, Verb::Pause).await.unwrap().body, CommandBody::Pause);
    say(&mut writer, None, None, vec![status(RunStatus::Paused)]).await;
    assert_eq!(post(&house, run, "resume", &json!({})).await.0, 202);
    assert_eq!(command(&house, run, Verb::Resume).await.unwrap().body, CommandBody::Resume);

    assert_eq!(refused(&house, run, "cancel", &json!({"reason": ""})).await, (400, "validation_failed".to_owned()));
    assert_eq!(post(&house, run, "cancel", &json!({"reason": "wrong"})).await.0, 202);
    let reason = CommandBody::Cancel { reason: "wrong".to_owned() };
    assert_eq!(command(&house, run, Verb::Cancel).await.unwrap().body, reason);
    let cancelling = Status { status: RunStatus::Cancelling, reason: Some("wrong".to_owned()), until: None };
    say(&mut writer, None, None, vec![Event::Status(cancelling)]).await;
    assert_eq!(house.get(&format!("/runs/{run}")).await.1["cancel"], json!({"reason": "wrong"}));
    let done = Done {
        run_id: run,
        status: RunStatus::Cancelled,
        usage: Usage::default(),
        error: Some(Failure::new("cancelled", "wrong")),
        unconfirmed: vec![],
    };
    say(&mut writer, None, None, vec![Event::Done(done)]).await;
    for verb in ["cancel", "pause", "resume"] {
        assert_eq!(refused(&house, run, verb, &json!({})).await, (409, "run_finished".to_owned()), "{verb}");
    }
    assert_eq!(refused(&house, run, "continue", &json!({"input": 1})).await, (409, "run_finished".to_owned()));
}

#[tokio::test]
async fn a_key_stands_for_one_command_of_one_kind() {
    let house = house().await;
    let (run, _) = running(&house).await;
    let body = json!({"idempotency_key": "k"});
    let first = post(&house, run, "cancel", &body).await.1["command_id"].clone();
    assert_eq!(post(&house, run, "cancel", &body).await.1["command_id"], first);
    assert_ne!(post(&house, run, "pause", &body).await.1["command_id"], first);
    assert_ne!(post(&house, run, "cancel", &json!({})).await.1["command_id"], first);
    let (other, _) = running(&house).await;
    assert_ne!(post(&house, other, "cancel", &body).await.1["command_id"], first);
}

#[tokio::test]
async fn nobody_commands_a_run_that_is_anothers_or_without_the_role() {
    let house = house().await;
    let (run, mut writer) = running(&house).await;
    ask(&mut writer).await;
    let before = waiting(&house).await;
    let neighbour = house.neighbour().await;
    let stranger = house.token(&neighbour, 7, &[Role::TenantAdmin]);
    let viewer = house.token(&house.tenant, 7, &[Role::Viewer]);
    for verb in ["continue", "cancel", "pause", "resume"] {
        let body = if verb == "continue" { json!({"input": "Acme"}) } else { json!({}) };
        for (token, code) in [(&stranger, 404), (&viewer, 403)] {
            let request = house.request(Method::POST, &format!("/runs/{run}/{verb}"), token).json(&body);
            assert_eq!(answer(request).await.0, code, "{verb}");
        }
        let nobodys = RunId::from_uuid(Uuid::from_u128(1));
        assert_eq!(post(&house, nobodys, verb, &body).await.0, 404, "{verb}");
    }
    assert_eq!(waiting(&house).await, before);
}

#[tokio::test]
async fn a_run_that_takes_no_commands_fills_no_more_than_its_share() {
    let house = house().await;
    let (run, _) = running(&house).await;
    let (other, _) = running(&house).await;
    for _ in 0..MAX_COMMANDS {
        assert_eq!(post(&house, run, "pause", &json!({})).await.0, 202);
    }
    let response = house.request(Method::POST, &format!("/runs/{run}/pause"), &house.member()).send().await.unwrap();
    assert!(response.headers().contains_key("retry-after"));
    assert_eq!(response.status(), 429);
    let body: Value = response.json().await.unwrap();
    assert_eq!(body["error"]["code"], json!("too_many_commands"));
    assert_eq!(post(&house, other, "pause", &json!({})).await.0, 202, "another run has a share of its own");
    assert_eq!(post(&house, run, "cancel", &json!({})).await.0, 202, "and so has another verb");
}

#[tokio::test]
async fn what_is_no_answer_is_refused() {
    let house = house().await;
    let (run, mut writer) = running(&house).await;
    ask(&mut writer).await;
    let long = "x".repeat(sba_service::config::Config::default().gateway.max_prompt_bytes);
    for body in
        [json!({}), json!({"ask_id": "x", "input": 1}), json!({"input": 1, "user_id": ASK}), json!({"input": long})]
    {
        assert_eq!(refused(&house, run, "continue", &body).await, (400, "validation_failed".to_owned()), "{body}");
    }
    let text = house.request(Method::POST, &format!("/runs/{run}/pause"), &house.member()).body("now");
    assert_eq!(answer(text).await.0, 415);
}
