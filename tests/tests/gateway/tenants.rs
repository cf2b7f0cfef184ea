//! Provisioning tenants.

use reqwest::Method;
use sba_gateway::auth::Role;
use sba_store::{Page, audit};
use sba_subjects::id::TenantKey;
use serde_json::{Value, json};

use super::support::{House, answer, house};

async fn create(house: &House, key: Option<&str>, body: &Value) -> (u16, Value) {
    let operator = house.token(&house.tenant, 9, &[Role::Operator]);
    let mut request = house.request(Method::POST, "/tenants", &operator).json(body);
    if let Some(key) = key {
        request = request.header("idempotency-key", key);
    }
    let (status, body) = answer(request).await;
    (status.as_u16(), body)
}

#[tokio::test]
async fn a_tenant_can_be_used_as_soon_as_it_was_made() {
    let house = house().await;
    let (status, tenant) = create(&house, None, &json!({"name": "Acme", "plan": "large"})).await;
    assert_eq!(status, 201, "{tenant}");
    let account: TenantKey = tenant["account"].as_str().unwrap().parse().unwrap();
    assert_eq!(tenant["tenant_id"], json!(account.id()));
    let member = house.token(&account, 7, &[Role::Member]);
    let (status, run) = answer(house.request(Method::POST, "/runs", &member).json(&json!({"prompt": "a"}))).await;
    assert_eq!(status, 201, "{run}");

    let mut tx = house.store.begin(account.id()).await.unwrap();
    let entries = audit::list(&mut tx, Page::default()).await.unwrap().items;
    assert_eq!(entries.len(), 1);
    assert_eq!((entries[0].action.as_str(), &entries[0].payload["plan"]), ("tenant_created", &json!("large")));
    assert!(entries[0].request_id.is_some() && entries[0].user_id.is_some());
}

#[tokio::test]
async fn the_same_key_makes_one_tenant() {
    let house = house().await;
    let key = uuid::Uuid::new_v4().to_string();
    let first = create(&house, Some(&key), &json!({"name": "Acme"})).await;
    assert_eq!(first.0, 201, "{}", first.1);
    assert_eq!(create(&house, Some(&key), &json!({"name": "Acme"})).await, first);
    let (status, body) = create(&house, Some(&key), &json!({"name": "Other"})).await;
    assert_eq!((status, &body["error"]["code"]), (409, &json!("idempotency_conflict")));
    assert_ne!(create(&house, None, &json!({"name": "Acme"})).await.1["tenant_id"], first.1["tenant_id"]);
}
