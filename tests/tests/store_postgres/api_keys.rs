//! Keys as they are stored.

use sba_store::api_keys::{self, MAX_FORMER, NewApiKey};
use sba_subjects::{
    id::{ApiKeyId, UserId},
    role::Role,
};
use uuid::Uuid;

use crate::support::{actor, at, store};

/// A key that ends after 100 seconds.
pub(crate) fn key(n: u128) -> NewApiKey {
    NewApiKey {
        id: ApiKeyId::from_uuid(Uuid::from_u128(n)),
        name: "CI".to_owned(),
        roles: vec![Role::Member],
        created_by: UserId::from_uuid(Uuid::from_u128(7)),
        secret: [0xaa; 32],
        created_at: at(0),
        expires_at: at(100),
    }
}

#[tokio::test]
async fn the_latest_secrets_hold_and_no_more_of_them_than_may() {
    let (store, tenant) = store().await;
    let mut tx = store.begin(tenant.id()).await.unwrap();
    let key = key(1);
    api_keys::create(&mut tx, &key, &actor()).await.unwrap();
    for n in 1..=6_u8 {
        let now = at(i64::from(n));
        let rotated = api_keys::rotate(&mut tx, key.id, &[n; 32], now, at(50), &actor()).await.unwrap().unwrap();
        assert_eq!((rotated.rotated_at, rotated.expires_at), (Some(now), at(100)));
    }
    let mut secrets = api_keys::standing(&mut tx, key.id).await.unwrap().unwrap().secrets;
    secrets.sort_unstable();
    assert_eq!(secrets.len(), 1 + MAX_FORMER as usize);
    let expected: Vec<_> = (2..=6_u8).map(|n| ([n; 32], at(if n == 6 { 100 } else { 50 }))).collect();
    assert_eq!(secrets, expected);

    // An earlier end is never put off, and what has ended goes.
    api_keys::rotate(&mut tx, key.id, &[7; 32], at(10), at(20), &actor()).await.unwrap().unwrap();
    api_keys::rotate(&mut tx, key.id, &[8; 32], at(30), at(90), &actor()).await.unwrap().unwrap();
    let mut secrets = api_keys::standing(&mut tx, key.id).await.unwrap().unwrap().secrets;
    secrets.sort_unstable();
    assert_eq!(secrets, [([7; 32], at(90)), ([8; 32], at(100))]);
    assert!(api_keys::rotate(&mut tx, key.id, &[9; 32], at(100), at(100), &actor()).await.unwrap().is_none(), "ended");
}

#[tokio::test]
async fn keys_that_ended_go_and_make_room() {
    let (store, tenant) = store().await;
    let mut tx = store.begin(tenant.id()).await.unwrap();
    for n in 1..=3 {
        api_keys::create(&mut tx, &key(n), &actor()).await.unwrap();
    }
    assert!(!api_keys::room(&mut tx, at(99), 3).await.unwrap());
    assert!(api_keys::room(&mut tx, at(100), 1).await.unwrap());
    assert!(api_keys::revoke(&mut tx, key(2).id, at(40), &actor()).await.unwrap());
    assert!(api_keys::room(&mut tx, at(99), 3).await.unwrap());
    assert!(api_keys::standing(&mut tx, key(2).id).await.unwrap().is_none());
    assert_eq!(api_keys::delete_ended(&mut tx, at(41), 10).await.unwrap(), 1);
    assert!(api_keys::get(&mut tx, key(2).id).await.unwrap().is_none());
    assert_eq!(api_keys::delete_ended(&mut tx, at(101), 1).await.unwrap(), 1);
    assert_eq!(api_keys::delete_ended(&mut tx, at(101), 10).await.unwrap(), 1);
}

#[tokio::test]
async fn no_key_is_an_operators() {
    let (store, tenant) = store().await;
    for roles in [vec![Role::Operator], vec![Role::Member, Role::Operator], vec![]] {
        let mut tx = store.begin(tenant.id()).await.unwrap();
        let refused = api_keys::create(&mut tx, &NewApiKey { roles, ..key(1) }, &actor()).await;
        assert!(refused.is_err());
    }
}
