//! Who may open a socket, from where, and for how long.

use futures::SinkExt as _;
use sba_gateway::auth::Role;
use sba_service::config::Millis;
use sba_subjects::id::RunId;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use super::{
    stream::{finish, started},
    support::{House, Socket, ask, closed, event, house, house_with, refusal, refused, say, seqs, to_the_end},
};

/// A socket of one who has shown no token.
async fn stranger(house: &House, run: RunId) -> Socket {
    house.try_watch(run, 0, &[]).await.unwrap()
}

async fn session(house: &House) -> Value {
    house.post("/sessions", &json!({})).await.1
}

#[tokio::test]
async fn the_first_message_may_bring_the_token() {
    let house = house().await;
    let (run, mut writer) = started(&house).await;
    let mut socket = stranger(&house, run).await;
    say(&mut socket, json!({"id": "1", "type": "auth", "token": house.member()})).await;
    let answer = event(&mut socket).await;
    assert_eq!((&answer["type"], &answer["id"]), (&json!("ack"), &json!("1")), "before any event");
    assert!(answer["payload"]["expires_at"].as_str().unwrap().ends_with('Z'), "{answer}");
    finish(&mut writer).await;
    let (events, code) = to_the_end(&mut socket).await;
    assert_eq!((seqs(&events), code), (vec![1, 2, 3], 1000));
}

#[tokio::test]
async fn one_who_does_not_say_who_he_is_hears_nothing() {
    let house = house_with(|config| config.gateway.ws_auth_timeout_ms = Millis::new(300)).await;
    let (run, _writer) = started(&house).await;
    assert_eq!(to_the_end(&mut stranger(&house, run).await).await, (vec![], 4408), "nothing came");
    for (message, code) in [
        (Message::text(json!({"id": "1", "type": "ping"}).to_string()), 4400),
        (Message::text(json!({"id": "1", "type": "cancel"}).to_string()), 4400),
        (Message::text("garbage"), 1007),
        (Message::binary(&b"x"[..]), 1003),
        (Message::text("x".repeat(1 << 20)), 1009),
    ] {
        let mut socket = stranger(&house, run).await;
        socket.send(message.clone()).await.unwrap();
        assert_eq!(to_the_end(&mut socket).await, (vec![], code));
    }
    let neighbour = house.neighbour().await;
    for (token, refusal, code) in [
        ("x".to_owned(), "unauthenticated", 4401),
        (house.token(&neighbour, 7, &[Role::Member]), "not_found", 4404),
        (house.token(&house.tenant, 7, &[Role::Operator]), "forbidden", 4403),
    ] {
        let mut socket = stranger(&house, run).await;
        assert_eq!(refused(&mut socket, json!({"id": "1", "type": "auth", "token": token})).await, refusal);
        assert_eq!(to_the_end(&mut socket).await, (vec![], code), "{refusal}");
    }
}

#[tokio::test]
async fn the_token_of_a_session_may_come_with_the_first_message() {
    let house = house().await;
    let (mine, other) = (session(&house).await, session(&house).await);
    let run = house.start(&json!({"prompt": "a", "session_id": mine["session_id"]})).await;
    let auth = |token: &Value| json!({"id": "1", "type": "auth", "token": house.member(), "session_token": token});
    for token in [&Value::Null, &other["session_token"]] {
        let mut socket = stranger(&house, run).await;
        assert_eq!(refused(&mut socket, auth(token)).await, "session_token_invalid");
        assert_eq!(closed(&mut socket).await, 4403);
    }
    let mut socket = stranger(&house, run).await;
    assert_eq!(ask(&mut socket, auth(&mine["session_token"])).await["type"], "ack");
    assert_eq!(event(&mut socket).await["type"], "created");
}

#[tokio::test]
async fn a_token_is_renewed_in_place_by_its_user_alone() {
    let house = house().await;
    let (run, mut writer) = started(&house).await;
    let short = format!("Bearer {}", house.token_for(&house.tenant, 7, &[Role::Member], 4));
    let mut socket = house.try_watch(run, 2, &[("authorization", &short)]).await.unwrap();
    let mut forgetful = house.try_watch(run, 2, &[("authorization", &short)]).await.unwrap();
    let notice = event(&mut socket).await;
    assert_eq!(notice["type"], "token_expiring", "it ends in less than a minute");
    assert!(notice["payload"]["expires_at"].is_string() && notice.get("seq").is_none(), "{notice}");
    let renewal = |id: &str, token: String| json!({"id": id, "type": "auth", "token": token});
    let neighbour = house.neighbour().await;
    for (id, token) in [
        ("1", house.token(&house.tenant, 8, &[Role::Member])),
        ("2", house.token(&neighbour, 7, &[Role::Member])),
        ("3", house.token(&house.tenant, 7, &[Role::Operator])),
    ] {
        assert_eq!(refused(&mut socket, renewal(id, token)).await, "forbidden", "{id}");
    }
    assert_eq!(ask(&mut socket, renewal("4", house.member())).await["type"], "ack");
    let (said, code) = to_the_end(&mut forgetful).await;
    assert_eq!((said.len(), code), (1, 4401), "{said:?}");
    // The other one's time is over, and the stream goes on.
    finish(&mut writer).await;
    let (events, code) = to_the_end(&mut socket).await;
    assert_eq!((seqs(&events), code), (vec![3], 1000));
}

#[tokio::test]
async fn pages_of_other_origins_open_no_socket() {
    let house = house_with(|config| config.gateway.allowed_origins = vec!["https://app.example.com".to_owned()]).await;
    let (run, _writer) = started(&house).await;
    let bearer = format!("Bearer {}", house.member());
    let own = house.url.clone();
    for (origin, welcome) in
        [(own.as_str(), true), ("https://app.example.com", true), ("https://evil.example", false), ("null", false)]
    {
        for path in [format!("/runs/{run}/stream"), format!("/sessions/{run}/stream")] {
            // Whether or not a token is shown.
            for headers in [vec![("origin", origin)], vec![("origin", origin), ("authorization", &bearer)]] {
                let opened = house.try_open(&path, &headers).await;
                let found = opened.is_err().then(|| refusal(opened));
                let refused = found == Some((403, "origin_refused".to_owned()));
                assert_eq!(refused, !welcome, "{origin} {path} {found:?}");
            }
        }
    }
}
