//! What clients say on a run's stream, and what they are answered.

use futures::SinkExt as _;
use sba_gateway::auth::Role;
use sba_subjects::{
    command::CommandBody,
    id::{AskId, UserId},
    name::Verb,
};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;
use uuid::Uuid;

use super::{
    control::{self, ASK, command, running, waiting},
    stream::{finish, started},
    support::{ask, closed, event, house, house_with, refused, say, to_the_end},
};

#[tokio::test]
async fn a_question_is_answered_over_the_stream_once_however_often_it_is_sent() {
    let house = house().await;
    let (run, mut writer) = running(&house).await;
    control::ask(&mut writer).await;
    let mut socket = house.watch(run, 0).await;
    let message = json!({"id": "k", "type": "input", "ask_id": ASK, "input": "Acme"});
    let answer = ask(&mut socket, message.clone()).await;
    assert_eq!((&answer["type"], &answer["v"]), (&json!("ack"), &json!(1)), "{answer}");
    assert_eq!((&answer["payload"]["status"], &answer["payload"]["run_id"]), (&json!("waiting_input"), &json!(run)));
    let stored = command(&house, run, Verb::Input).await.unwrap();
    assert_eq!(answer["payload"]["command_id"], json!(stored.id));
    let user_id = UserId::from_uuid(Uuid::from_u128(7));
    let ask_id = Some(AskId::from_uuid(ASK));
    assert_eq!(stored.body, CommandBody::Input { user_id, ask_id, input: json!("Acme") });

    // After a cut, and over REST: it is the same command.
    drop(socket);
    let mut socket = house.watch(run, 0).await;
    assert_eq!(ask(&mut socket, message).await["payload"]["command_id"], answer["payload"]["command_id"]);
    let body = json!({"ask_id": ASK, "input": "Acme", "idempotency_key": "k"});
    let rest = house.post(&format!("/runs/{run}/continue"), &body).await.1;
    assert_eq!(rest, answer["payload"]);
}

#[tokio::test]
async fn a_run_is_cancelled_paused_and_resumed_as_over_rest() {
    let house = house().await;
    let (run, _writer) = running(&house).await;
    let mut socket = house.watch(run, 0).await;
    let taken = ask(&mut socket, json!({"id": "1", "type": "pause"})).await;
    assert_eq!((&taken["type"], &taken["payload"]["status"]), (&json!("ack"), &json!("created")), "{taken}");
    assert_eq!(command(&house, run, Verb::Pause).await.unwrap().body, CommandBody::Pause);
    assert_eq!(refused(&mut socket, json!({"id": "2", "type": "resume", "run": run})).await, "not_paused");
    let blank = json!({"id": "3", "type": "cancel", "reason": ""});
    assert_eq!(refused(&mut socket, blank).await, "validation_failed");
    assert_eq!(ask(&mut socket, json!({"id": "4", "type": "cancel", "reason": "wrong"})).await["type"], "ack");
    let reason = CommandBody::Cancel { reason: "wrong".to_owned() };
    assert_eq!(command(&house, run, Verb::Cancel).await.unwrap().body, reason);
    assert_eq!(refused(&mut socket, json!({"id": "5", "type": "input", "input": 1})).await, "nothing_asked");
}

#[tokio::test]
async fn what_cannot_be_done_is_refused_under_its_id_and_the_stream_goes_on() {
    let house = house().await;
    let (run, mut writer) = started(&house).await;
    let (other, _) = running(&house).await;
    let mut socket = house.watch(run, 0).await;
    for (message, code) in [
        (json!({"id": "1", "type": "dance"}), "invalid_request"),
        (json!({"id": "2", "type": "subscribe", "run": run}), "invalid_request"),
        (json!({"id": "3", "type": "unsubscribe", "run": run}), "invalid_request"),
        (json!({"id": "4", "type": "cancel", "run": other}), "validation_failed"),
        (json!({"id": "5", "type": "cancel", "why": "x"}), "validation_failed"),
        (json!({"id": "6", "type": "input"}), "validation_failed"),
        (json!({"id": "7", "type": "auth", "token": "x"}), "unauthenticated"),
    ] {
        assert_eq!(refused(&mut socket, message.clone()).await, code, "{message}");
    }
    assert!(command(&house, other, Verb::Cancel).await.is_none());
    let pong = ask(&mut socket, json!({"id": "same", "type": "ping"})).await;
    assert!(pong["payload"]["ts"].as_u64().unwrap() > 1_700_000_000_000, "{pong}");
    finish(&mut writer).await;
    let (events, code) = to_the_end(&mut socket).await;
    assert_eq!((events.last().unwrap()["type"].as_str(), code), (Some("done"), 1000));
}

#[tokio::test]
async fn one_who_may_only_look_commands_nothing() {
    let house = house().await;
    let (run, _writer) = running(&house).await;
    let before = waiting(&house).await;
    let bearer = format!("Bearer {}", house.token(&house.tenant, 7, &[Role::Viewer]));
    let mut socket = house.try_watch(run, 0, &[("authorization", &bearer)]).await.unwrap();
    for (id, kind) in ["cancel", "pause", "resume", "input"].into_iter().enumerate() {
        let mut message = json!({"id": id.to_string(), "type": kind});
        if kind == "input" {
            message["input"] = json!("x");
        }
        assert_eq!(refused(&mut socket, message).await, "forbidden", "{kind}");
    }
    assert_eq!(waiting(&house).await, before);
    // Another token of the same user has other roles.
    let renewal = json!({"id": "r", "type": "auth", "token": house.member()});
    assert_eq!(ask(&mut socket, renewal).await["type"], "ack");
    assert_eq!(ask(&mut socket, json!({"id": "p", "type": "pause"})).await["type"], "ack");
}

#[tokio::test]
async fn garbage_closes_the_socket_with_a_code_that_says_so() {
    let house = house_with(|config| config.gateway.max_message_bytes = 1_024).await;
    let (run, _writer) = started(&house).await;
    for (message, code) in [
        (Message::text("hello"), 1007),
        (Message::text("[1]"), 1007),
        (Message::text("{\"id\": \"1\"}"), 1007),
        (Message::text("{\"type\": \"ping\"}"), 1007),
        (Message::text("{\"id\": \"1\", \"type\": \"ping\"} x"), 1007),
        (Message::text("[".repeat(1_000)), 1007),
        (Message::binary(&b"{}"[..]), 1003),
        (Message::text("x".repeat(100_000)), 1009),
    ] {
        let mut socket = house.watch(run, 1).await;
        socket.send(message.clone()).await.unwrap();
        assert_eq!(closed(&mut socket).await, code, "{message:?}");
    }
}

#[tokio::test]
async fn one_who_says_too_much_is_told_first_and_let_go_then() {
    let house = house_with(|config| config.gateway.ws_messages_per_second = 1).await;
    let (run, _writer) = started(&house).await;
    let mut other = house.watch(run, 1).await;
    let mut socket = house.watch(run, 2).await;
    for id in 0..50 {
        // It may be closed before all was said.
        let ping = Message::text(json!({"id": id.to_string(), "type": "ping"}).to_string());
        if socket.send(ping).await.is_err() {
            break;
        }
    }
    let (heard, code) = to_the_end(&mut socket).await;
    assert_eq!(code, 1008);
    let count = |kind: &str| heard.iter().filter(|message| message["type"] == kind).count();
    assert!((5..10).contains(&count("ack")), "{heard:?}");
    assert!(count("rejected") >= 1, "{heard:?}");
    let code = |message: &Value| message["payload"]["code"] == "rate_limited";
    assert!(heard.iter().filter(|message| message["type"] == "rejected").all(code), "{heard:?}");
    // Nobody else is disturbed.
    assert_eq!(event(&mut other).await["seq"], 2);
    assert_eq!(ask(&mut other, json!({"id": "1", "type": "ping"})).await["type"], "ack");
}

#[tokio::test]
async fn what_was_asked_before_the_end_is_answered_before_the_close() {
    let house = house().await;
    let (run, mut writer) = started(&house).await;
    let mut socket = house.watch(run, 2).await;
    finish(&mut writer).await;
    say(&mut socket, json!({"id": "1", "type": "ping"})).await;
    let (heard, code) = to_the_end(&mut socket).await;
    assert_eq!(code, 1000);
    assert!(heard.iter().any(|message| message["type"] == "done"), "{heard:?}");
}
