//! Connections that are lost, and the one that leads over the others.

use std::time::{Duration, Instant};

use sba_store::{
    Store,
    lead::{Lead, Post},
    projection, runs,
};
use sqlx::{Connection as _, PgConnection};

use crate::{
    projection::{finished_run, run_id},
    support,
};

/// Ends every other session of the database.
async fn cut(database: &support::Database) {
    let mut own = PgConnection::connect(&database.app_url).await.unwrap();
    let ended: Vec<bool> = sqlx::query_scalar(
        "select pg_terminate_backend(pid, 5000) from pg_stat_activity
         where datname = current_database() and pid <> pg_backend_pid() and usename = current_user",
    )
    .fetch_all(&mut own)
    .await
    .unwrap();
    assert!(!ended.is_empty() && ended.iter().all(|ended| *ended), "{ended:?}");
}

async fn lead(store: &Store) -> Lead {
    let until = Instant::now() + Duration::from_secs(10);
    while Instant::now() < until {
        if let Some(lead) = store.lead(Post::Projection).await.unwrap() {
            return lead;
        }
    }
    panic!("nobody gave up the lead");
}

#[tokio::test]
async fn connections_that_died_are_replaced_before_anything_is_done() {
    let database = support::database().await;
    let store = support::connect(&database).await;
    let tenant = support::new_tenant(&store).await;
    let held = [store.begin(tenant.id()).await.unwrap(), store.begin(tenant.id()).await.unwrap()];
    for tx in held {
        tx.commit().await.unwrap();
    }
    cut(&database).await;
    let mut tx = store.begin(tenant.id()).await.unwrap();
    assert!(runs::get(&mut tx, run_id(1)).await.unwrap().is_none());
}

#[tokio::test]
async fn one_leads_until_it_gives_up_or_loses_its_connection() {
    let database = support::database().await;
    let (one, two) = (support::connect(&database).await, support::connect(&database).await);
    let mut first = lead(&one).await;
    assert!(two.lead(Post::Projection).await.unwrap().is_none());
    first.keep().await.unwrap();
    drop(first);
    let mut second = lead(&two).await;
    assert!(one.lead(Post::Projection).await.unwrap().is_none());
    cut(&database).await;
    second.keep().await.unwrap_err();
    lead(&one).await.keep().await.unwrap();
}

#[tokio::test]
async fn facts_that_the_database_refuses_are_left_out_alone() {
    let database = support::database().await;
    let store = support::connect(&database).await;
    let tenant = support::new_tenant(&store).await;
    let mut owner = PgConnection::connect(&database.owner_url).await.unwrap();
    sqlx::query("alter table agent_runs add check (workflow <> 'refused')").execute(&mut owner).await.unwrap();
    let mut bad = finished_run(run_id(2));
    bad.new_runs[0].workflow = "refused".to_owned();
    let mut tx = store.begin(tenant.id()).await.unwrap();
    let refused = projection::write_apart(&mut tx, &bad).await.unwrap();
    assert_eq!(refused.unwrap_err().code(), "invalid_value");
    projection::write_apart(&mut tx, &finished_run(run_id(1))).await.unwrap().unwrap();
    tx.commit().await.unwrap();
    let mut tx = store.begin(tenant.id()).await.unwrap();
    assert!(runs::get(&mut tx, run_id(1)).await.unwrap().is_some());
    assert!(runs::get(&mut tx, run_id(2)).await.unwrap().is_none());
}
