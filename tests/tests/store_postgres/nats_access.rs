//! Who was let into a tenant's account on NATS.

use sba_store::{
    Page, audit,
    nats_access::{self, Credential},
};
use sba_subjects::{boundary::Scope, caller::CallerKey, id::UserId};
use uuid::Uuid;

use crate::support::{self, actor, at};

/// One of a tenant's, which holds for a minute.
pub(crate) fn credential(n: u8) -> Credential {
    Credential {
        key: key(n),
        user_id: UserId::from_uuid(Uuid::from_u128(7)),
        roles: vec!["member".to_owned()],
        scopes: vec![Scope::Watch, Scope::Command],
        issued_at: at(0),
        expires_at: at(60),
        revoked_at: None,
    }
}

fn key(n: u8) -> CallerKey {
    format!("U{}", char::from(b'A' + n).to_string().repeat(55)).parse().unwrap()
}

#[tokio::test]
async fn what_was_taken_back_is_named_until_it_would_have_ended() {
    let store = support::connect(&support::database().await).await;
    let tenant = support::new_tenant(&store).await;
    let mut tx = store.begin(tenant.id()).await.unwrap();
    assert_eq!(nats_access::lock(&mut tx).await.unwrap(), 1);
    for n in 1..=2 {
        assert!(nats_access::issue(&mut tx, &credential(n), 2, &actor()).await.unwrap());
    }
    assert!(!nats_access::issue(&mut tx, &credential(3), 2, &actor()).await.unwrap(), "one more than may");
    assert_eq!(nats_access::get(&mut tx, &key(1)).await.unwrap(), Some(credential(1)));
    assert_eq!(nats_access::get(&mut tx, &key(3)).await.unwrap(), None);

    assert!(nats_access::revoke(&mut tx, &key(1), at(1), &actor()).await.unwrap());
    assert!(!nats_access::revoke(&mut tx, &key(1), at(2), &actor()).await.unwrap(), "twice");
    assert_eq!(nats_access::revoked(&mut tx, at(59)).await.unwrap(), [key(1)]);
    assert!(nats_access::revoked(&mut tx, at(60)).await.unwrap().is_empty());
    assert!(!nats_access::issue(&mut tx, &credential(3), 2, &actor()).await.unwrap(), "it still stands in the claims");

    let later = Credential { issued_at: at(60), expires_at: at(120), ..credential(3) };
    assert!(nats_access::issue(&mut tx, &later, 2, &actor()).await.unwrap(), "those that ended make room");

    assert_eq!(nats_access::revoke_all(&mut tx, &actor()).await.unwrap(), 2);
    assert_eq!(nats_access::lock(&mut tx).await.unwrap(), 2);
    assert_eq!(nats_access::get(&mut tx, &key(3)).await.unwrap(), None);
    let entries = audit::list(&mut tx, Page::default()).await.unwrap().items;
    let count = |action: &str| entries.iter().filter(|entry| entry.action == action).count();
    assert_eq!(
        [count("nats_credentials_issued"), count("nats_credentials_revoked"), count("nats_access_revoked")],
        [3, 1, 1]
    );
}
