//! What becomes of jobs when the database goes, or when a job takes its worker with it; with real processes.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::Duration;

use async_nats::jetstream;
use sba::{
    client::Client,
    local::{Stack, StackModel, StackOptions},
};
use sba_subjects::{dead, stream::Stream};
use sba_tests::installation::{RUN, document, everything, tenant, with};
use serde_json::json;
use sqlx::{Connection as _, Executor as _, PgConnection};
use tokio::time::Instant;

/// Longer than all deliveries that a failing job has, and the pauses between them.
const OUTAGE: Duration = Duration::from_secs(9);

/// Asks again and again until it holds.
async fn until(what: &str, holds: impl AsyncFn() -> bool) {
    let end = Instant::now() + RUN;
    while !holds().await {
        assert!(Instant::now() < end, "waited in vain: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

async fn hand_in(client: &Client, source: &str) -> uuid::Uuid {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("document.md");
    std::fs::write(&path, "# Terms\n\nRent is due on the first.").unwrap();
    client.upload(&path, source).await.unwrap().document_id
}

#[tokio::test]
async fn a_database_that_is_away_for_a_while_costs_neither_a_run_nor_a_document() {
    let settings = json!({
        // A try fails soon, so that the outage could use all of them up.
        "worker": {"ack_wait_ms": 1_000, "progress_ms": 300, "retry_max_ms": 500},
        "database": {"acquire_timeout_ms": 1_000},
    });
    let mut stack = with(settings).await.unwrap();
    let client = tenant(&stack, "Outage").await.unwrap();
    document(&client, "a.md", "# Terms\n\nInvoices are due within thirty days.").await.unwrap();
    // While the worker stands still, both jobs wait for it.
    for worker in stack.workers() {
        worker.freeze().unwrap();
    }
    let run = client.start_run("When are invoices due?", None).await.unwrap();
    let late = hand_in(&client, "b.md").await;
    stack.postgres().stop();
    for worker in stack.workers() {
        worker.thaw().unwrap();
    }
    // This is how long the outage lasts.
    tokio::time::sleep(OUTAGE).await;
    stack.postgres().restart().await.unwrap();
    let events = everything(&client, run).await.unwrap();
    assert_eq!(events.last().unwrap().payload["status"], "completed", "{:?}", events.last());
    assert_eq!(client.indexed(late, RUN).await.unwrap().status, "indexed");
}

/// Waits until so many statements wait for a lock. Those of a worker that was killed go on waiting.
async fn until_blocked(look: &mut PgConnection, statements: i64) {
    let end = Instant::now() + RUN;
    let waiting = "select count(*) from pg_locks where not granted";
    while sqlx::query_scalar::<_, i64>(waiting).fetch_one(&mut *look).await.unwrap() < statements {
        assert!(Instant::now() < end, "waited in vain: statement {statements} to wait for the lock");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn a_job_that_kills_its_worker_is_put_aside_and_its_document_failed() {
    let overrides = json!({"worker": {"ack_wait_ms": 500, "progress_ms": 100, "max_deliveries": 2}});
    let options = StackOptions { model: StackModel::Scripted, workers: 1, overrides, ..StackOptions::default() };
    let mut stack = Stack::start(options, |_| {}).await.unwrap();
    let client = tenant(&stack, "Poison").await.unwrap();
    let mut lock = PgConnection::connect(&stack.database().owner_url).await.unwrap();
    let mut look = PgConnection::connect(&stack.database().owner_url).await.unwrap();
    // The worker gets as far as storing passages, and is killed there.
    lock.execute("begin; lock table chunks in access exclusive mode").await.unwrap();
    let poison = hand_in(&client, "poison.md").await;
    // Two deliveries as usual, and two that were recorded before.
    for kills in 1..=4 {
        until_blocked(&mut look, kills).await;
        stack.workers()[0].kill().unwrap();
        stack.workers()[0].restart().await.unwrap();
    }
    lock.execute("rollback").await.unwrap();
    let document = client.indexed(poison, RUN).await.unwrap();
    assert_eq!(document.status, "failed");
    assert_eq!(document.error.unwrap().code, "worker_lost");
    let jetstream = jetstream::new(stack.hub().connect().await.unwrap());
    until("the dead letter", async || {
        let stream = jetstream.get_stream(Stream::Dead.as_str()).await.unwrap();
        let Ok(letter) = stream.get_last_raw_message_by_subject("sba.*.dead.job.>").await else { return false };
        letter.headers.get(dead::REASON).is_some_and(|reason| reason.as_str() == "worker_lost")
    })
    .await;
    // The worker lives, and does the next job.
    let next = hand_in(&client, "next.md").await;
    assert_eq!(client.indexed(next, RUN).await.unwrap().status, "indexed");
}
