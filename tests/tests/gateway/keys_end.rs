//! Keys that end: revoked, rotated or expired, on open streams too.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};

use super::{
    keys::{admin, make, member_key, revoke, seen_by},
    stream::{finish, started},
    support::{Socket, answer, ask, closed, house, refused, to_the_end},
};

/// Longest time for which a key may still be good that was revoked.
const SECOND: Duration = Duration::from_secs(1);

#[tokio::test]
async fn a_key_that_is_revoked_is_good_for_nothing_within_a_second() {
    let house = house().await;
    let other = house.second_gateway().await;
    let (key, id) = member_key(&house).await;
    let (run, _writer) = started(&house).await;
    let bearer = format!("Bearer {key}");
    let mut socket = house.try_watch(run, 2, &[("authorization", &bearer)]).await.unwrap();
    assert_eq!(ask(&mut socket, json!({"id": "1", "type": "ping"})).await["type"], "ack");
    let watching = house.request(Method::GET, &format!("/runs/{run}/events?after=2"), &key);
    let mut watching = watching.header("accept", "text/event-stream").send().await.unwrap();
    assert_eq!(watching.status(), 200);
    let polling = answer(house.request(Method::GET, &format!("/runs/{run}/events?after=2&wait_ms=20000"), &key));
    let polling = tokio::spawn(polling);
    // The other gateway has just found it good.
    let elsewhere = async || {
        let request = reqwest::Client::new().get(format!("{other}/api/v1/runs")).bearer_auth(&key);
        answer(request).await.0.as_u16()
    };
    assert_eq!(elsewhere().await, 200);

    assert_eq!(revoke(&house, &id).await, 204);
    let revoked = Instant::now();
    assert_eq!(
        seen_by(&house, &key).await,
        (401, "unauthenticated".to_owned()),
        "at the gateway that was told, at once"
    );
    while elsewhere().await == 200 {
        assert!(revoked.elapsed() < SECOND, "the other gateway still believes it");
    }
    assert_eq!(closed(&mut socket).await, 4401, "the socket");
    let (status, body) = polling.await.unwrap();
    assert_eq!((status.as_u16(), &body["error"]["code"]), (401, &json!("unauthenticated")), "the poll");
    while let Ok(Some(_)) = watching.chunk().await {}
    assert!(revoked.elapsed() < SECOND + Duration::from_millis(500), "{:?}", revoked.elapsed());
    assert_eq!(revoke(&house, &id).await, 204, "once more");
}

#[tokio::test]
async fn a_rotated_key_has_another_secret_and_the_former_holds_as_long_as_was_asked() {
    let house = house().await;
    let (first, id) = member_key(&house).await;
    let rotate = async |body: Value| {
        let path = format!("/keys/{id}/rotate");
        answer(house.request(Method::POST, &path, &admin(&house)).json(&body)).await
    };
    let (status, rotated) = rotate(json!({"overlap_seconds": 3})).await;
    assert_eq!(status, 200, "{rotated}");
    let second = rotated["key"].as_str().unwrap().to_owned();
    assert_ne!(first, second);
    let (run, _writer) = started(&house).await;
    let bearer = format!("Bearer {first}");
    let mut socket = house.try_watch(run, 2, &[("authorization", &bearer)]).await.unwrap();
    for key in [&first, &second] {
        assert_eq!(seen_by(&house, key).await.0, 200, "both hold");
    }
    assert_eq!(closed_after_notice(&mut socket).await, 4401, "the former secret's time is over");
    assert_eq!(seen_by(&house, &first).await.0, 401);
    let (_, third) = rotate(json!({})).await;
    let third = third["key"].as_str().unwrap();
    assert_eq!(seen_by(&house, &second).await.0, 401, "without an overlap at once");
    assert_eq!(seen_by(&house, third).await.0, 200);
    assert_eq!(rotate(json!({"overlap_seconds": 700_000})).await.0, 400, "more than is configured");
    revoke(&house, &id).await;
    assert_eq!(rotate(json!({})).await.0, 404, "a revoked key has no secrets");
}

async fn closed_after_notice(socket: &mut Socket) -> u16 {
    let (said, code) = to_the_end(socket).await;
    assert!(said.iter().all(|message| message["type"] == "token_expiring"), "{said:?}");
    code
}

#[tokio::test]
async fn a_key_ends_when_it_was_to_end() {
    let house = house().await;
    let made = make(&house, &json!({"name": "Short", "roles": ["viewer"], "ttl_seconds": 2})).await;
    let key = made["key"].as_str().unwrap();
    let (run, _writer) = started(&house).await;
    let bearer = format!("Bearer {key}");
    let mut socket = house.try_watch(run, 2, &[("authorization", &bearer)]).await.unwrap();
    let began = Instant::now();
    assert_eq!(closed_after_notice(&mut socket).await, 4401);
    assert!(began.elapsed() < Duration::from_millis(3_200), "{:?}", began.elapsed());
    let until = Instant::now() + SECOND;
    while seen_by(&house, key).await.0 == 200 {
        assert!(Instant::now() < until);
    }
    assert_eq!(seen_by(&house, key).await, (401, "token_expired".to_owned()));
    let (_, listed) = answer(house.request(Method::GET, "/keys", &admin(&house))).await;
    assert_eq!(listed["data"][0]["status"], "expired");
}

#[tokio::test]
async fn a_socket_is_renewed_with_the_new_secret_of_its_key() {
    let house = house().await;
    let (first, id) = member_key(&house).await;
    let (foreign, _) = member_key(&house).await;
    let (run, mut writer) = started(&house).await;
    let bearer = format!("Bearer {first}");
    let mut socket = house.try_watch(run, 2, &[("authorization", &bearer)]).await.unwrap();
    let path = format!("/keys/{id}/rotate");
    let body = json!({"overlap_seconds": 2});
    let (_, second) = answer(house.request(Method::POST, &path, &admin(&house)).json(&body)).await;
    let renewal = |id: &str, key: &str| json!({"id": id, "type": "auth", "token": key});
    assert_eq!(refused(&mut socket, renewal("1", &foreign)).await, "forbidden", "another key is another user");
    assert_eq!(ask(&mut socket, renewal("2", second["key"].as_str().unwrap())).await["type"], "ack");
    let until = Instant::now() + Duration::from_secs(4);
    while seen_by(&house, &first).await.0 == 200 {
        assert!(Instant::now() < until, "the former secret still holds");
    }
    finish(&mut writer).await;
    assert_eq!(closed(&mut socket).await, 1000, "it went on to the end of the run");
}
