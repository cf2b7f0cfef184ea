//! Taking credentials back.

use reqwest::Method;
use sba_gateway::auth::Role;
use serde_json::json;

use super::access::Access;
use crate::{
    keys::{member_key, revoke},
    support::{House, answer, house},
};

async fn take_back(house: &House, user: u128, role: Role, path: &str) -> (u16, String) {
    let token = house.token(&house.tenant, user, &[role]);
    let request = house.request(Method::DELETE, &format!("/nats/credentials{path}"), &token);
    let (status, body) = answer(request).await;
    (status.as_u16(), body["error"]["code"].as_str().unwrap_or_default().to_owned())
}

/// That credentials let nobody in.
async fn let_nobody_in(access: &Access) {
    let again = async_nats::ConnectOptions::with_credentials(access.given["credentials"].as_str().unwrap()).unwrap();
    assert!(again.connect(access.given["servers"][0].as_str().unwrap()).await.is_err());
}

#[tokio::test]
async fn who_is_put_out_is_disconnected_and_nobody_else() {
    let house = house().await;
    let [one, other] =
        [house.let_in(&house.tenant, &[Role::Member], &json!({})).await, house.let_all_in(&house.tenant).await];
    let path = |access: &Access| format!("/{}", access.caller);
    let refused = |code: &str| (404, code.to_owned());
    assert_eq!(take_back(&house, 8, Role::Member, &path(&one)).await, refused("not_found"), "another user's");
    let neighbour = house.let_all_in(&house.neighbour().await).await;
    assert_eq!(take_back(&house, 7, Role::TenantAdmin, &path(&neighbour)).await, refused("not_found"));
    for bad in ["/x", "/SUAAA", "/%3E", "/*"] {
        assert_eq!(take_back(&house, 7, Role::TenantAdmin, bad).await, (400, "invalid_request".to_owned()), "{bad}");
    }
    assert!(one.is_in().await, "nothing was taken back yet");

    assert_eq!(take_back(&house, 7, Role::Member, &path(&one)).await, (204, String::new()), "one's own");
    one.until_put_out().await;
    let_nobody_in(&one).await;
    assert!(other.is_in().await && neighbour.is_in().await);
    // What is let in later takes nothing back of that.
    let third = house.let_in(&house.tenant, &[Role::Member], &json!({})).await;
    let_nobody_in(&one).await;
    assert_eq!(take_back(&house, 7, Role::Member, &path(&one)).await, (204, String::new()), "twice is once");
    assert!(third.is_in().await);
}

#[tokio::test]
async fn a_key_that_is_taken_back_takes_its_credentials_along() {
    let house = house().await;
    let (key, id) = member_key(&house).await;
    let (status, given) = house.ask_showing(&key, &json!({})).await;
    assert_eq!(status, 201, "{given}");
    let by_key = Access::connect(given).await;
    let other = house.let_in(&house.tenant, &[Role::Member], &json!({})).await;
    assert!(by_key.is_in().await);
    assert_eq!(revoke(&house, &id).await, 204);
    by_key.until_put_out().await;
    let_nobody_in(&by_key).await;
    assert!(other.is_in().await, "nobody else is put out");
    assert_eq!(house.ask_showing(&key, &json!({})).await.0, 401);
    assert_eq!(revoke(&house, &id).await, 204, "twice is once");
}

#[tokio::test]
async fn all_are_put_out_at_once() {
    let house = house().await;
    let held = [house.let_in(&house.tenant, &[Role::Viewer], &json!({})).await, house.let_all_in(&house.tenant).await];
    let neighbour = house.let_all_in(&house.neighbour().await).await;
    assert_eq!(take_back(&house, 7, Role::Member, "").await, (403, "forbidden".to_owned()));
    assert!(held[0].is_in().await);
    assert_eq!(take_back(&house, 7, Role::TenantAdmin, "").await, (204, String::new()));
    for access in &held {
        access.until_put_out().await;
        let_nobody_in(access).await;
    }
    assert!(neighbour.is_in().await);
    assert!(house.let_all_in(&house.tenant).await.is_in().await, "new ones hold");
}
