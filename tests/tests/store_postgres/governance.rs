//! Tenants, sessions, idempotency keys and the audit trail.

use std::time::Duration;

use sba_store::{
    Page, StoreError, audit,
    idempotency::{self, Claim, Request},
    sessions::{self, Session},
    tenants,
};
use sba_subjects::id::{SessionId, UserId};
use serde_json::json;
use uuid::Uuid;

use crate::support::{self, actor, at};

const HOUR: Duration = Duration::from_secs(3600);

fn request(body: u8, resource: u128) -> Request<'static> {
    Request {
        endpoint: "POST /api/v1/sessions",
        key: "key-1",
        body_hash: [body; 32],
        resource_id: Uuid::from_u128(resource),
    }
}

#[tokio::test]
async fn a_tenant_is_made_once_and_the_trail_says_by_whom() {
    let store = support::connect(&support::database().await).await;
    let account = support::new_key();
    let new = support::tenant_named(&account, "Acme");
    let mut tx = store.begin(account.id()).await.unwrap();
    assert_eq!(tenants::get(&mut tx).await.unwrap(), None);
    assert!(tenants::create(&mut tx, &new, &actor()).await.unwrap());
    let tenant = tenants::get(&mut tx).await.unwrap().unwrap();
    assert_eq!((tenant.id, &tenant.account, tenant.name.as_str()), (account.id(), &account, "Acme"));
    let entries = audit::list(&mut tx, Page::default()).await.unwrap();
    assert_eq!((entries.total, entries.items[0].action.as_str()), (1, "tenant_created"));
    assert_eq!(entries.items[0].user_id, actor().user_id);
    tx.commit().await.unwrap();

    let mut tx = store.begin(account.id()).await.unwrap();
    assert!(!tenants::create(&mut tx, &new, &actor()).await.unwrap());
    assert_eq!(audit::list(&mut tx, Page::default()).await.unwrap().total, 1);
    drop(tx);
    let mut tx = store.begin(support::new_key().id()).await.unwrap();
    let foreign = tenants::create(&mut tx, &support::tenant_named(&support::new_key(), "B"), &actor()).await;
    assert_eq!(foreign.unwrap_err().code(), "database_forbidden");
}

#[tokio::test]
async fn nothing_belongs_to_a_tenant_that_does_not_exist() {
    let (store, _) = support::store().await;
    let mut tx = store.begin(support::new_key().id()).await.unwrap();
    let error = audit::record(&mut tx, &actor(), audit::Action::TenantUpdated, &json!({})).await.unwrap_err();
    assert!(matches!(error, StoreError::MissingReference { .. }), "{error:?}");
}

#[tokio::test]
async fn an_entry_that_is_not_committed_never_was() {
    let (store, tenant) = support::store().await;
    let mut tx = store.begin(tenant.id()).await.unwrap();
    let before = audit::list(&mut tx, Page::default()).await.unwrap().total;
    audit::record(&mut tx, &actor(), audit::Action::TenantUpdated, &json!({"a\0": "b\0"})).await.unwrap();
    drop(tx);
    let mut tx = store.begin(tenant.id()).await.unwrap();
    assert_eq!(audit::list(&mut tx, Page::default()).await.unwrap().total, before);
}

#[tokio::test]
async fn a_session_is_stored_until_it_expires() {
    let (store, tenant) = support::store().await;
    let mut tx = store.begin(tenant.id()).await.unwrap();
    let session = |n, expires| Session {
        id: SessionId::from_uuid(Uuid::from_u128(n)),
        user_id: UserId::from_uuid(Uuid::from_u128(7)),
        token_hash: [7; 32],
        metadata: json!({"client": "web"}),
        created_at: at(0),
        expires_at: at(expires),
    };
    let (short, long) = (session(1, 10), session(2, 1000));
    sessions::create(&mut tx, &short).await.unwrap();
    sessions::create(&mut tx, &long).await.unwrap();
    sessions::create(&mut tx, &Session { token_hash: [8; 32], ..short.clone() }).await.unwrap();
    assert_eq!(sessions::get(&mut tx, short.id).await.unwrap(), Some(short.clone()), "a session was overwritten");
    assert_eq!(sessions::delete_expired(&mut tx, at(10), 10).await.unwrap(), 0);
    assert_eq!(sessions::delete_expired(&mut tx, at(11), 10).await.unwrap(), 1);
    assert_eq!(sessions::get(&mut tx, short.id).await.unwrap(), None);
    assert_eq!(sessions::get(&mut tx, long.id).await.unwrap(), Some(long));
}

#[tokio::test]
async fn a_key_stands_for_one_request() {
    let (store, tenant) = support::store().await;
    let mut tx = store.begin(tenant.id()).await.unwrap();
    assert_eq!(idempotency::claim(&mut tx, &request(1, 1), at(0), HOUR).await.unwrap(), Claim::New);
    let repeat = idempotency::claim(&mut tx, &request(1, 2), at(60), HOUR).await.unwrap();
    assert_eq!(repeat, Claim::Repeat(Uuid::from_u128(1)));
    assert_eq!(idempotency::claim(&mut tx, &request(2, 2), at(60), HOUR).await.unwrap(), Claim::Mismatch);
    let elsewhere = Request { endpoint: "POST /api/v1/tenants", ..request(2, 2) };
    assert_eq!(idempotency::claim(&mut tx, &elsewhere, at(60), HOUR).await.unwrap(), Claim::New);
    let later = idempotency::claim(&mut tx, &request(2, 3), at(3601), HOUR).await.unwrap();
    assert_eq!(later, Claim::New, "a key outlived its time");
    let repeat = idempotency::claim(&mut tx, &request(2, 4), at(3602), HOUR).await.unwrap();
    assert_eq!(repeat, Claim::Repeat(Uuid::from_u128(3)));
    assert_eq!(idempotency::delete_older(&mut tx, at(100), 10).await.unwrap(), 1);
}

#[tokio::test]
async fn of_two_requests_at_once_one_is_new_and_the_other_repeats_it() {
    let (store, tenant) = support::store().await;
    let mut first = store.begin(tenant.id()).await.unwrap();
    assert_eq!(idempotency::claim(&mut first, &request(1, 1), at(0), HOUR).await.unwrap(), Claim::New);
    let second = async {
        let mut tx = store.begin(tenant.id()).await.unwrap();
        idempotency::claim(&mut tx, &request(1, 2), at(0), HOUR).await.unwrap()
    };
    let (second, ()) = tokio::join!(second, async { first.commit().await.unwrap() });
    assert_eq!(second, Claim::Repeat(Uuid::from_u128(1)));
}

#[tokio::test]
async fn a_key_of_a_request_that_failed_is_free_again() {
    let (store, tenant) = support::store().await;
    let mut tx = store.begin(tenant.id()).await.unwrap();
    idempotency::claim(&mut tx, &request(1, 1), at(0), HOUR).await.unwrap();
    drop(tx);
    let mut tx = store.begin(tenant.id()).await.unwrap();
    assert_eq!(idempotency::claim(&mut tx, &request(2, 2), at(0), HOUR).await.unwrap(), Claim::New);
}
