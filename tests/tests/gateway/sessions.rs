//! Sessions, and the runs that belong to them.

use reqwest::Method;
use sba_gateway::auth::Role;
use serde_json::json;

use super::support::{answer, event, house, refusal};

#[tokio::test]
async fn a_sessions_run_is_watched_with_its_token_only() {
    let house = house().await;
    let (status, session) = house.post("/sessions", &json!({"metadata": {"app": "x"}})).await;
    assert_eq!(status, 201, "{session}");
    let token = session["session_token"].as_str().unwrap();
    assert!(session["websocket_url"].as_str().unwrap().starts_with("ws://"));
    let run = house.start(&json!({"prompt": "a", "sessionId": session["session_id"]})).await;

    let bearer = format!("Bearer {}", house.member());
    let other = house.post("/sessions", &json!({})).await.1;
    let refused = (403, "session_token_invalid".to_owned());
    for shown in [None, Some("x"), other["session_token"].as_str()] {
        let mut headers = vec![("authorization", bearer.as_str())];
        headers.extend(shown.map(|token| ("x-session-token", token)));
        assert_eq!(refusal(house.try_watch(run, 0, &headers).await), refused, "{shown:?}");
    }
    // Whoever has found the token is not its user.
    let finder = format!("Bearer {}", house.token(&house.tenant, 8, &[Role::Member, Role::TenantAdmin]));
    let headers = [("authorization", finder.as_str()), ("x-session-token", token)];
    assert_eq!(refusal(house.try_watch(run, 0, &headers).await), refused, "another user");
    let headers = [("authorization", bearer.as_str()), ("x-session-token", token)];
    let mut socket = house.try_watch(run, 0, &headers).await.unwrap();
    assert_eq!(event(&mut socket).await["payload"]["session_id"], session["session_id"]);
    let offered = format!("sba.v1.json, sba.bearer.{}, sba.session.{token}", house.member());
    let mut socket = house.try_watch(run, 0, &[("sec-websocket-protocol", &offered)]).await.unwrap();
    assert_eq!(event(&mut socket).await["type"], "created");
}

#[tokio::test]
async fn a_session_is_its_users_own() {
    let house = house().await;
    let session = house.post("/sessions", &json!({"ttlSeconds": 60})).await.1;
    let path = format!("/sessions/{}", session["session_id"].as_str().unwrap());
    let (status, found) = house.get(&path).await;
    assert_eq!((status.as_u16(), &found["active"]), (200, &json!(true)));
    assert!(found.get("session_token").is_none() && found.get("token_hash").is_none());
    let colleague = house.token(&house.tenant, 8, &[Role::TenantAdmin]);
    assert_eq!(answer(house.request(Method::GET, &path, &colleague)).await.0, 404);
    let start = house.request(Method::POST, "/runs", &colleague);
    let (status, body) = answer(start.json(&json!({"prompt": "a", "session_id": session["session_id"]}))).await;
    assert_eq!((status.as_u16(), &body["error"]["code"]), (404, &json!("not_found")));
}

#[tokio::test]
async fn the_same_key_opens_one_session_and_tells_its_token_once() {
    let house = house().await;
    let body = json!({"ttl_seconds": 60, "idempotency_key": "k"});
    let first = house.post("/sessions", &body).await.1;
    let again = house.post("/sessions", &body).await.1;
    assert_eq!((&again["session_id"], &again["expires_at"]), (&first["session_id"], &first["expires_at"]));
    assert!(first["session_token"].is_string() && again.get("session_token").is_none());
    let other = house.post("/sessions", &json!({"ttl_seconds": 61, "idempotency_key": "k"})).await;
    assert_eq!((other.0.as_u16(), &other.1["error"]["code"]), (409, &json!("idempotency_conflict")));
}

#[tokio::test]
async fn how_long_a_session_lasts_is_for_the_operator_to_say() {
    let house = super::support::house_with(|config| {
        config.gateway.session_ttl_seconds = 100;
        config.gateway.session_max_ttl_seconds = 200;
    })
    .await;
    let (status, refused) = house.post("/sessions", &json!({"ttl_seconds": 201})).await;
    assert_eq!((status.as_u16(), &refused["error"]["code"]), (400, &json!("validation_failed")), "{refused}");
    assert_eq!(refused["error"]["details"][0]["field"], "ttl_seconds");
    let soon = house.post("/sessions", &json!({})).await.1;
    let late = house.post("/sessions", &json!({"ttl_seconds": 200})).await.1;
    let ends = |session: &serde_json::Value| {
        let text = session["expires_at"].as_str().unwrap();
        time::OffsetDateTime::parse(text, &time::format_description::well_known::Rfc3339).unwrap()
    };
    let between = ends(&late) - ends(&soon);
    assert!((95..=110).contains(&between.whole_seconds()), "{between}");
}
