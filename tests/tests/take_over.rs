//! Runs whose driver freezes or dies, with real processes.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::time::Duration;

use async_nats::jetstream::{self, consumer::PullConsumer};
use sba::client::{Client, Event};
use sba_subjects::{consumer, stream::Stream};
use sba_tests::installation::{document, everything, scripted, tenant, text_of, with};
use serde_json::json;
use uuid::Uuid;

/// Sixty words, one every 25 ms: long enough to be interrupted.
fn words() -> String {
    (1..=60).map(|n| format!("word{n}")).collect::<Vec<_>>().join(" ")
}

/// Watches until the model has said something.
async fn until_it_speaks(client: &Client, run: Uuid) {
    let mut watch = client.watch(run, None, 0).await.unwrap();
    while let Some(event) = watch.next().await.unwrap() {
        if event.r#type == "token" {
            return;
        }
    }
    panic!("the run ended without a word");
}

fn sound(events: &[Event], text: &str) {
    assert!(events.iter().zip(1..).all(|(event, seq)| event.seq == seq), "a gap or a repeat: {events:?}");
    assert_eq!(events.iter().filter(|event| event.r#type == "done").count(), 1);
    assert_eq!(events.last().unwrap().payload["status"], "completed", "{:?}", events.last());
    assert_eq!(text_of(events, 2).trim(), text, "the answer, without what was voided");
}

#[tokio::test]
async fn a_frozen_driver_is_taken_over_and_says_nothing_when_it_wakes() {
    let text = words();
    let mut stack = scripted(&text, 25).await.unwrap();
    let client = tenant(&stack, "Frozen").await.unwrap();
    document(&client, "a.md", "# Terms\n\nInvoices are due within thirty days.").await.unwrap();
    // While the second sleeps, the first drives.
    stack.orchestrators()[1].freeze().unwrap();
    let run = client.start_run("When are invoices due?", None).await.unwrap();
    until_it_speaks(&client, run).await;
    stack.orchestrators()[1].thaw().unwrap();
    stack.orchestrators()[0].freeze().unwrap();
    let events = everything(&client, run).await.unwrap();
    sound(&events, &text);
    let restarted = events.iter().filter(|event| event.payload["restarts_step"].is_u64()).count();
    assert_eq!(restarted, 1, "the second began the step anew");
    // The first wakes in the middle of a sentence; its run goes on nowhere.
    stack.orchestrators()[0].thaw().unwrap();
    let after = client.start_run("And when is rent due?", None).await.unwrap();
    sound(&everything(&client, after).await.unwrap(), &text);
    assert_eq!(everything(&client, run).await.unwrap().len(), events.len());
}

#[tokio::test]
async fn killed_processes_lose_nothing() {
    let text = words();
    let mut stack = scripted(&text, 10).await.unwrap();
    let client = tenant(&stack, "Killed").await.unwrap();
    document(&client, "a.md", "# Terms\n\nInvoices are due within thirty days.").await.unwrap();
    let mut runs = Vec::new();
    for n in 0..20 {
        runs.push(client.start_run(&format!("When is invoice {n} due?"), None).await.unwrap());
    }
    until_it_speaks(&client, runs[0]).await;
    stack.orchestrators()[0].kill().unwrap();
    stack.workers()[0].kill().unwrap();
    stack.orchestrators()[0].restart().await.unwrap();
    stack.orchestrators()[1].kill().unwrap();
    for run in runs {
        sound(&everything(&client, run).await.unwrap(), &text);
    }
}

#[tokio::test]
async fn a_cut_from_the_broker_is_healed() {
    let text = words();
    let mut stack = scripted(&text, 25).await.unwrap();
    let client = tenant(&stack, "Cut").await.unwrap();
    document(&client, "a.md", "# Terms\n\nInvoices are due within thirty days.").await.unwrap();
    let run = client.start_run("When are invoices due?", None).await.unwrap();
    until_it_speaks(&client, run).await;
    stack.nats().unwrap().kill().unwrap();
    stack.nats().unwrap().restart().await.unwrap();
    sound(&everything(&client, run).await.unwrap(), &text);
}

#[tokio::test]
async fn a_driver_whose_command_came_to_another_too_still_leaves_it_behind() {
    let text = words();
    let overrides = json!({
        "model": {"scripted": {"text": text, "delay_ms": 60}},
        // Late with its signs of progress, and not yet taken for dead. Nobody else drives on what is left behind.
        "orchestrator": {"command_ack_wait_ms": 500, "command_progress_ms": 100, "heartbeat_ms": 1_500, "stall_ms": 600_000},
    });
    let mut stack = with(overrides).await.unwrap();
    let client = tenant(&stack, "Late").await.unwrap();
    document(&client, "a.md", "# Terms\n\nInvoices are due within thirty days.").await.unwrap();
    stack.orchestrators()[1].freeze().unwrap();
    let run = client.start_run("When are invoices due?", None).await.unwrap();
    until_it_speaks(&client, run).await;
    stack.orchestrators()[1].thaw().unwrap();
    stack.orchestrators()[0].freeze().unwrap();
    let jetstream = jetstream::new(stack.hub().connect().await.unwrap());
    let commands = jetstream.get_stream(Stream::Cmds.as_str()).await.unwrap();
    let mut consumer: PullConsumer = commands.get_consumer(consumer::ORCHESTRATORS).await.unwrap();
    while consumer.info().await.unwrap().num_redelivered == 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    stack.orchestrators()[0].thaw().unwrap();
    // It answers the other, and speaks on.
    let mut watch = client.watch(run, None, 0).await.unwrap();
    let mut said = 0;
    while said < 30 {
        said += watch.next().await.unwrap().map_or(0, |event| usize::from(event.r#type == "token"));
    }
    stack.orchestrators()[0].kill().unwrap();
    sound(&everything(&client, run).await.unwrap(), &text);
}
