//! Getting credentials, and what they may be used for.

use std::time::{SystemTime, UNIX_EPOCH};

use sba_gateway::auth::Role;
use sba_store::{Page, audit};
use serde_json::{Value, json};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use super::access::Access;
use crate::support::{DEADLINE, house, house_with};

fn words(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|word| word.as_str().unwrap()).collect()
}

#[tokio::test]
async fn roles_decide_what_credentials_are_for() {
    let house = house().await;
    for (roles, scopes) in [
        (vec![Role::Viewer], vec!["watch"]),
        (vec![Role::Member], vec!["watch", "command"]),
        (vec![Role::TenantAdmin], vec!["watch", "command", "feed", "serve"]),
    ] {
        let (status, given) = house.ask_in(&house.tenant, 7, &roles, &json!({})).await;
        assert_eq!((status, words(&given["scopes"])), (201, scopes), "{roles:?}");
        let caller = given["public_key"].as_str().unwrap();
        assert!(words(&given["subscribe"]).contains(&format!("_INBOX.{caller}.>").as_str()));
        assert_eq!(given["account"], json!(house.tenant));
    }
    let (status, given) = house.ask_in(&house.tenant, 7, &[Role::TenantAdmin], &json!({"scopes": ["watch"]})).await;
    assert_eq!((status, words(&given["publish"])), (201, vec!["$SRV.>"]), "less may be asked for");
    for (roles, asked) in [
        (Role::Viewer, json!({"scopes": ["command"]})),
        (Role::Member, json!({"scopes": ["watch", "feed"]})),
        (Role::Operator, json!({})),
    ] {
        let (status, refusal) = house.ask_in(&house.tenant, 7, &[roles], &asked).await;
        assert_eq!((status, &refusal["error"]["code"]), (403, &json!("forbidden")), "{roles:?} {asked}");
    }
    let mut tx = house.store.begin(house.tenant.id()).await.unwrap();
    let entries = audit::list(&mut tx, Page::default()).await.unwrap().items;
    let issued: Vec<_> = entries.iter().filter(|entry| entry.action == "nats_credentials_issued").collect();
    assert_eq!(issued.len(), 4);
    assert!(issued.iter().all(|entry| entry.user_id.is_some() && entry.request_id.is_some()));
    assert!(entries.iter().all(|entry| !entry.payload.to_string().contains("SEED")));
}

#[tokio::test]
async fn what_cannot_be_asked_for_is_refused() {
    let house = house_with(|config| config.accounts.max_credentials = 1).await;
    for bad in [
        json!({"ttl_seconds": 0}),
        json!({"ttl_seconds": 86_401}),
        json!({"ttl_seconds": -1}),
        json!({"ttl_seconds": "3600"}),
        json!({"scopes": []}),
        json!({"scopes": ["everything"]}),
        json!({"scopes": "watch"}),
        json!({"subjects": [">"]}),
        json!([]),
    ] {
        let (status, refusal) = house.ask_in(&house.tenant, 7, &[Role::TenantAdmin], &bad).await;
        assert_eq!((status, &refusal["error"]["code"]), (400, &json!("validation_failed")), "{bad}");
    }
    let mut asked = Vec::new();
    for _ in 0..2 {
        let (status, body) = house.ask_in(&house.tenant, 7, &[Role::Member], &json!({})).await;
        asked.push((status, body["error"]["code"].clone()));
    }
    assert_eq!(asked, [(201, Value::Null), (409, json!("too_many_credentials"))]);
    let (status, _) = house.ask_in(&house.neighbour().await, 7, &[Role::Member], &json!({})).await;
    assert_eq!(status, 201, "what one tenant holds is in nobody else's way");
}

#[tokio::test]
async fn a_gateway_without_the_operators_seed_gives_none() {
    let house = house_with(|config| {
        config.accounts.operator_seed = None;
        config.accounts.system_credentials = None;
    })
    .await;
    let (status, refusal) = house.ask_in(&house.tenant, 7, &[Role::TenantAdmin], &json!({})).await;
    assert_eq!((status, &refusal["error"]["code"]), (501, &json!("not_configured")));
}

#[tokio::test]
async fn credentials_end() {
    let house = house().await;
    let (_, given) = house.ask_in(&house.tenant, 7, &[Role::Viewer], &json!({"ttl_seconds": 2})).await;
    let access = Access::connect(given.clone()).await;
    access.until_put_out().await;
    let end = tokio::time::Instant::now() + DEADLINE;
    loop {
        let again = async_nats::ConnectOptions::with_credentials(given["credentials"].as_str().unwrap()).unwrap();
        // Within the second in which they end they let in once more, for the rest of it.
        if again.connect(given["servers"][0].as_str().unwrap()).await.is_err() {
            break;
        }
        assert!(tokio::time::Instant::now() < end, "they let in for ever");
    }
    assert!(access.heard("$SRV.PING", b"").await.is_none());
}

#[tokio::test]
async fn credentials_end_no_later_than_the_token_that_they_were_given_for() {
    let house = house().await;
    let token = house.token_for(&house.tenant, 7, &[Role::Viewer], 60);
    let (_, given) = house.ask_showing(&token, &json!({"ttl_seconds": 3_600})).await;
    let ends = OffsetDateTime::parse(given["expires_at"].as_str().unwrap(), &Rfc3339).unwrap().unix_timestamp();
    let now = i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()).unwrap();
    assert!((now..=now + 60).contains(&ends), "{given}");
}

#[tokio::test]
async fn public_addresses_are_those_of_the_configuration() {
    let house = house_with(|config| {
        config.accounts.public_url = Some("tls://a.example:4222, wss://b.example".to_owned());
    })
    .await;
    let (_, given) = house.ask_in(&house.tenant, 7, &[Role::Viewer], &json!({})).await;
    assert_eq!(words(&given["servers"]), ["tls://a.example:4222", "wss://b.example"]);
}

#[tokio::test]
async fn sba_is_found_by_those_who_look_for_services() {
    let house = house().await;
    let access = house.let_in(&house.tenant, &[Role::Viewer], &json!({})).await;
    let ping: Value = serde_json::from_slice(&access.heard("$SRV.PING", b"").await.unwrap().payload).unwrap();
    assert_eq!((&ping["name"], &ping["type"]), (&json!("sba"), &json!("io.nats.micro.v1.ping_response")));
    let info = format!("$SRV.INFO.sba.{}", ping["id"].as_str().unwrap());
    let info: Value = serde_json::from_slice(&access.heard(&info, b"").await.unwrap().payload).unwrap();
    assert_eq!(info["type"], "io.nats.micro.v1.info_response");
    assert!(info["endpoints"].as_array().unwrap().iter().any(|endpoint| endpoint["subject"] == "cmd.*.start"));
    assert!(!info.to_string().contains(house.tenant.as_str()));
    for other in ["$SRV.PING.other", "$SRV.INFO.sba.0192f0c1-7d5e-7c3a-9b1e-2f6a4d8c0e11", "$SRV.STATS"] {
        assert!(access.heard(other, b"").await.is_none(), "{other}");
    }
}
