//! Accounts that were made before tenants came straight to NATS.

use async_nats::{Client, ConnectOptions};
use futures::future::join_all;
use nkeys::KeyPair;
use sba::local::nats;
use sba_gateway::{
    accounts::{Account, AccountLimits, Known, Operator, find_account, push_account},
    auth::Role,
};
use serde_json::{Value, json};

use super::access::Access;
use crate::support::{DEADLINE, House, house};

async fn servers() -> (Operator, Client) {
    let site = nats::shared().await.unwrap();
    let operator = Operator::from_seed(&std::fs::read_to_string(site.operator_seed()).unwrap()).unwrap();
    let system = std::fs::read_to_string(site.system_credentials()).unwrap();
    let system = ConnectOptions::with_credentials(&system).unwrap().connect(site.url()).await.unwrap();
    (operator, system)
}

/// The account of SBA's processes, as the servers know it.
async fn hub(house: &House, operator: &Operator, system: &Client) -> Known {
    let who = house.jetstream.client().request("$SYS.REQ.USER.INFO", "".into()).await.unwrap();
    let who: Value = serde_json::from_slice(&who.payload).unwrap();
    find_account(system, operator, who["data"]["account"].as_str().unwrap(), DEADLINE).await.unwrap().unwrap()
}

#[tokio::test]
async fn they_are_brought_up_to_date_by_whoever_needs_them_first() {
    let house = house().await;
    let (operator, system) = servers().await;
    let known = hub(&house, &operator, &system).await;
    let (exports, keys) = (known.claim("exports"), known.claim("signing_keys"));
    assert!(exports.as_array().is_some_and(|exports| !exports.is_empty()), "{exports}");
    let earlier = known.clone().without("exports");
    push_account(&system, &operator.sign_known(earlier, known.issued_at() + 1).unwrap(), DEADLINE).await.unwrap();
    assert!(hub(&house, &operator, &system).await.claim("exports").is_null());

    // A tenant that was made then: it imports nothing, and what signed its users is not known any more.
    let identity = KeyPair::new_account();
    let tenant = identity.public_key().parse().unwrap();
    let (account, _) = Account::with_identity(&identity, "Acme", AccountLimits::tenant()).unwrap();
    push_account(&system, &operator.sign_account(&account, 1).unwrap(), DEADLINE).await.unwrap();
    house.insert(&tenant).await;

    // Ten at once, of two tenants.
    let asked = (0..10).map(|n| {
        let (house, tenant) = (&house, if n % 2 == 0 { &tenant } else { &house.tenant });
        async move { house.ask_in(tenant, 7, &[Role::TenantAdmin], &json!({})).await }
    });
    for (status, given) in join_all(asked).await {
        assert_eq!(status, 201, "{given}");
        let access = Access::connect(given).await;
        assert!(access.is_in().await);
        access.ask(&format!("feed.{}.open", access.caller), &json!({})).await;
    }
    let updated = hub(&house, &operator, &system).await;
    assert_eq!((updated.claim("exports"), updated.claim("signing_keys")), (exports, keys));
    assert_eq!(house.get("/runs").await.0, 200);
    assert!(house.jetstream.query_account().await.is_ok(), "SBA's own processes are still in");
}

#[tokio::test]
async fn a_tenant_that_is_made_again_lets_nobody_in_who_was_put_out() {
    let house = house().await;
    let operator = house.token(&house.tenant, 9, &[Role::Operator]);
    let key = uuid::Uuid::new_v4().to_string();
    let make = async || {
        let request = house.request(reqwest::Method::POST, "/tenants", &operator).header("idempotency-key", &key);
        crate::support::answer(request.json(&json!({"name": "Acme"}))).await
    };
    let (status, made) = make().await;
    assert_eq!(status, 201, "{made}");
    let tenant = made["account"].as_str().unwrap().parse().unwrap();
    let access = house.let_in(&tenant, &[Role::Member], &json!({})).await;
    let admin = house.token(&tenant, 7, &[Role::TenantAdmin]);
    let path = format!("/nats/credentials/{}", access.caller);
    crate::support::answer(house.request(reqwest::Method::DELETE, &path, &admin)).await;
    access.until_put_out().await;
    assert_eq!(make().await.0, 201);
    let again = ConnectOptions::with_credentials(access.given["credentials"].as_str().unwrap()).unwrap();
    assert!(again.connect(access.given["servers"][0].as_str().unwrap()).await.is_err());
}
