//! What workers remember of calls and jobs.

use sba_store::{
    effects::{self, Begun, Call},
    starts,
};
use sba_subjects::id::CallId;
use serde_json::json;
use uuid::Uuid;

use crate::support;

fn call(params: u8) -> Call {
    Call { id: CallId::from_uuid(Uuid::from_u128(7)), tool_name: "mail".to_owned(), params_hash: [params; 32] }
}

#[tokio::test]
async fn a_call_is_fresh_once_then_unfinished_then_done() {
    let (store, tenant) = support::store().await;
    let mut tx = store.begin(tenant.id()).await.unwrap();
    assert_eq!(effects::begin(&mut tx, &call(1)).await.unwrap(), Begun::Fresh);
    tx.commit().await.unwrap();
    let mut tx = store.begin(tenant.id()).await.unwrap();
    assert_eq!(effects::begin(&mut tx, &call(1)).await.unwrap(), Begun::Unfinished);
    assert!(effects::finish(&mut tx, call(1).id, &json!({"sent": "a\0b"})).await.unwrap());
    tx.commit().await.unwrap();
    let mut tx = store.begin(tenant.id()).await.unwrap();
    assert!(!effects::finish(&mut tx, call(1).id, &json!("another end")).await.unwrap(), "the first is believed");
    let done = Begun::Done(json!({"sent": "a\u{fffd}b"}));
    assert_eq!(effects::begin(&mut tx, &call(1)).await.unwrap(), done);
    assert_eq!(effects::begin(&mut tx, &call(2)).await.unwrap(), Begun::Other);
    let other = Call { tool_name: "sms".to_owned(), ..call(1) };
    assert_eq!(effects::begin(&mut tx, &other).await.unwrap(), Begun::Other);
}

#[tokio::test]
async fn an_effect_that_was_rolled_back_was_not_finished() {
    let (store, tenant) = support::store().await;
    let mut tx = store.begin(tenant.id()).await.unwrap();
    effects::begin(&mut tx, &call(1)).await.unwrap();
    tx.commit().await.unwrap();
    let mut tx = store.begin(tenant.id()).await.unwrap();
    effects::finish(&mut tx, call(1).id, &json!(1)).await.unwrap();
    drop(tx);
    let mut tx = store.begin(tenant.id()).await.unwrap();
    assert_eq!(effects::begin(&mut tx, &call(1)).await.unwrap(), Begun::Unfinished);
}

#[tokio::test]
async fn two_that_begin_at_once_do_not_both_begin() {
    let (store, tenant) = support::store().await;
    let begin = async || {
        let mut tx = store.begin(tenant.id()).await.unwrap();
        let begun = effects::begin(&mut tx, &call(1)).await.unwrap();
        tx.commit().await.unwrap();
        begun
    };
    let begun = tokio::join!(begin(), begin(), begin());
    let fresh = [begun.0, begun.1, begun.2].into_iter().filter(|begun| *begun == Begun::Fresh).count();
    assert_eq!(fresh, 1);
}

#[tokio::test]
async fn a_job_may_begin_so_often_until_it_ends() {
    let (store, tenant) = support::store().await;
    let mut tx = store.begin(tenant.id()).await.unwrap();
    let job = call(1).id;
    for may in [true, true, false, false] {
        assert_eq!(starts::begin(&mut tx, job, 2).await.unwrap(), may);
    }
    starts::forget(&mut tx, job).await.unwrap();
    assert!(starts::begin(&mut tx, job, 2).await.unwrap());
}
