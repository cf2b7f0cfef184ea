//! What processes share, against real NATS servers: connecting, provisioning, heartbeats.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use async_nats::jetstream::stream::StorageType;
use sba::local::{HubAccount, NatsServer, nats::shared};
use sba_service::{
    clock::SystemClock,
    config::{Millis, NatsConfig},
    heartbeat::{Beat, Heartbeat, Liveness, ProcessKind, Rhythm},
    metrics::Metrics,
    nats,
    provision::Provision,
};
use sba_subjects::{
    consumer::{self, Pace},
    id::{InstanceId, RunId},
    name::Queue,
    stream::{self, Sizing, Stream},
};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// Longest wait for anything, on a busy machine too.
const PATIENCE: Duration = Duration::from_secs(30);
const RHYTHM: Rhythm = Rhythm { interval: Duration::from_millis(100), missed: 3 };

fn config(hub: &HubAccount) -> NatsConfig {
    NatsConfig { url: hub.url().to_owned(), credentials: Some(hub.credentials().to_owned()), ..NatsConfig::default() }
}

async fn connected(hub: &HubAccount) -> async_nats::Client {
    nats::connect(&config(hub), "test", &Metrics::new().unwrap()).await.unwrap()
}

/// Looks again and again until it holds.
async fn until(what: &str, holds: impl Fn() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < PATIENCE, "waited in vain: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

fn instance(number: u128) -> InstanceId {
    InstanceId::from_uuid(Uuid::from_u128(number))
}

async fn beating(client: async_nats::Client, number: u128, runs: Vec<RunId>) -> Heartbeat {
    let beat = Beat {
        instance: instance(number),
        kind: ProcessKind::Orchestrator,
        rhythm: RHYTHM,
        draining: CancellationToken::new(),
        runs: Box::new(move || runs.clone()),
        clock: Arc::new(SystemClock),
        metrics: Metrics::new().unwrap(),
    };
    Heartbeat::start(client, beat).await.unwrap()
}

#[tokio::test]
async fn credentials_of_another_operator_are_refused_at_once() {
    let hub = HubAccount::new(shared().await.unwrap()).await.unwrap();
    let stranger = NatsServer::start().await.unwrap();
    let mut config = config(&hub);
    config.url = stranger.site().url().to_owned();
    config.startup_timeout_ms = Millis::new(600_000);
    let metrics = Metrics::new().unwrap();
    let connecting = nats::connect(&config, "test", &metrics);
    let error = tokio::time::timeout(PATIENCE, connecting).await.unwrap().unwrap_err();
    assert_eq!(error.code(), "nats_credentials_refused", "{error}");
}

#[tokio::test]
async fn the_first_connection_waits_for_a_server_that_starts_late() {
    let mut server = NatsServer::start().await.unwrap();
    let hub = HubAccount::new(server.site()).await.unwrap();
    server.stop();
    let config = config(&hub);
    let metrics = Metrics::new().unwrap();
    let connecting = nats::connect(&config, "test", &metrics);
    let (client, started) = tokio::join!(connecting, server.restart());
    started.unwrap();
    client.unwrap().flush().await.unwrap();
}

#[tokio::test]
async fn everything_that_sba_needs_is_provided_by_several_processes_at_once() {
    let hub = HubAccount::new(shared().await.unwrap()).await.unwrap();
    let jetstream = nats::jetstream(connected(&hub).await, &config(&hub));
    let provide = async |sizing: Sizing| {
        let provision = Provision::new(jetstream.clone(), PATIENCE);
        provision.streams(stream::ALL.iter().map(|stream| stream.config(&sizing))).await?;
        let pace = Pace { ack_wait: Duration::from_secs(10), max_ack_pending: 100, max_waiting: 512 };
        let [commands, starts, surplus] = consumer::commands(&pace);
        let consumers = [commands, starts, surplus, consumer::jobs(Queue::ALL[0], &pace)];
        provision.consumers(consumers.map(|(stream, config)| (stream.as_str(), config))).await
    };
    let first = Sizing::default();
    let all = tokio::join!(provide(first.clone()), provide(first.clone()), provide(first.clone()));
    all.0.unwrap();
    all.1.unwrap();
    all.2.unwrap();
    let runs = jetstream.get_stream("RUNS").await.unwrap();
    assert_eq!(runs.cached_info().config.max_message_size, first.max_message_bytes);

    provide(Sizing { max_message_bytes: 4_096, ..first }).await.unwrap();
    let runs = jetstream.get_stream("RUNS").await.unwrap();
    assert_eq!(runs.cached_info().config.max_message_size, 4_096);
}

#[tokio::test]
async fn what_the_server_refuses_is_named_and_not_tried_again() {
    let hub = HubAccount::new(shared().await.unwrap()).await.unwrap();
    let jetstream = nats::jetstream(connected(&hub).await, &config(&hub));
    let provision = Provision::new(jetstream, Duration::from_secs(3_600));
    let mut config = Stream::Runs.config(&Sizing::default());
    provision.streams([config.clone()]).await.unwrap();
    config.storage = StorageType::Memory;
    let refused = tokio::time::timeout(PATIENCE, provision.streams([config])).await.unwrap().unwrap_err();
    assert_eq!(refused.code(), "jetstream_refused");
    assert!(refused.to_string().starts_with("stream RUNS cannot be provided: "), "{refused}");
}

#[tokio::test]
async fn processes_hear_each_other_and_notice_the_dead_and_the_leaving() {
    let hub = HubAccount::new(shared().await.unwrap()).await.unwrap();
    let run = RunId::from_uuid(Uuid::from_u128(99));
    let watcher = beating(connected(&hub).await, 1, Vec::new()).await;
    let dying = beating(connected(&hub).await, 2, vec![run]).await;
    let leaving = beating(connected(&hub).await, 3, vec![run]).await;
    let peers = watcher.peers();
    tokio::time::timeout(PATIENCE, peers.hearing().wait_for(|open| *open)).await.unwrap().unwrap();
    until("both are heard", || [2, 3].iter().all(|n| peers.alive(instance(*n)) == Liveness::Alive)).await;
    assert_eq!(peers.claims(instance(2), run), Some(true));
    assert_eq!(peers.alive(instance(1)), Liveness::Alive);

    drop(dying);
    until("the dead one is noticed", || peers.alive(instance(2)) == Liveness::Dead).await;
    leaving.stop().await;
    until("the last word is heard", || peers.claims(instance(3), run) == Some(false)).await;
    until("nobody hears the absent one", || peers.alive(instance(4)) == Liveness::Dead).await;
}

#[tokio::test]
async fn a_process_that_is_cut_off_notices_and_blames_nobody() {
    let mut server = NatsServer::start().await.unwrap();
    let hub = HubAccount::new(server.site()).await.unwrap();
    let one = beating(connected(&hub).await, 1, Vec::new()).await;
    let _two = beating(connected(&hub).await, 2, Vec::new()).await;
    let peers = one.peers();
    let mut hearing = peers.hearing();
    tokio::time::timeout(PATIENCE, hearing.wait_for(|open| *open)).await.unwrap().unwrap();
    until("the other is heard", || peers.alive(instance(2)) == Liveness::Alive).await;

    server.freeze().unwrap();
    tokio::time::timeout(PATIENCE, hearing.wait_for(|open| !*open)).await.unwrap().unwrap();
    until("the other is suspect", || peers.alive(instance(2)) == Liveness::Suspect).await;
    // Long after the limit the other is still not blamed.
    let begun = Instant::now();
    until("time passes", || {
        assert_ne!(peers.alive(instance(2)), Liveness::Dead);
        begun.elapsed() > RHYTHM.limit() * 5
    })
    .await;

    server.thaw().unwrap();
    tokio::time::timeout(PATIENCE, hearing.wait_for(|open| *open)).await.unwrap().unwrap();
    until("the other is heard again", || {
        assert_ne!(peers.alive(instance(2)), Liveness::Dead);
        peers.alive(instance(2)) == Liveness::Alive
    })
    .await;
}

#[tokio::test]
async fn what_a_server_does_not_let_be_changed_is_said_at_once() {
    let hub = HubAccount::new(shared().await.unwrap()).await.unwrap();
    let provision = Provision::new(nats::jetstream(connected(&hub).await, &config(&hub)), Duration::from_secs(600));
    provision.streams(stream::all(&Sizing::default())).await.unwrap();
    let queue = |max_waiting| {
        let pace = Pace { ack_wait: Duration::from_secs(10), max_ack_pending: 100, max_waiting };
        let (stream, queue) = consumer::jobs(Queue::Index, &pace);
        [(stream.as_str(), queue)]
    };
    provision.consumers(queue(512)).await.unwrap();
    let changed = tokio::time::timeout(PATIENCE, provision.consumers(queue(513))).await.unwrap().unwrap_err();
    assert_eq!(changed.code(), "jetstream_refused", "{changed}");
    assert!(changed.to_string().contains("max waiting can not be updated"), "{changed}");
}
