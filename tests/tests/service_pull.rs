//! A work queue, read by several, against a real NATS server.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_nats::jetstream::{self, Context};
use bytes::Bytes;
use sba::local::{HubAccount, NatsServer, nats::shared};
use sba_service::{provision::Provision, publish, pull};
use sba_subjects::{
    consumer::{self, Pace},
    id::{CallId, TenantKey},
    name::Queue,
    stream::{self, Sizing, Stream},
    subject::Subject,
};
use tokio::{sync::mpsc, time::timeout};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// Longest wait for anything, on a busy machine too.
const PATIENCE: Duration = Duration::from_secs(60);

/// A queue of jobs in an account of its own.
async fn queue(hub: &HubAccount) -> Context {
    let jetstream = jetstream::new(hub.connect().await.unwrap());
    let provision = Provision::new(jetstream.clone(), PATIENCE);
    provision.streams(stream::all(&Sizing::default())).await.unwrap();
    let pace = Pace { ack_wait: PATIENCE, max_ack_pending: 10_000, max_waiting: 512 };
    let (stream, config) = consumer::jobs(Queue::Index, &pace);
    provision.consumers([(stream.as_str(), config)]).await.unwrap();
    jetstream
}

async fn publish(jetstream: &Context, numbers: std::ops::Range<u128>) {
    let tenant: TenantKey = format!("A{}", "B".repeat(55)).parse().unwrap();
    for number in numbers {
        let call = CallId::from_uuid(Uuid::from_u128(number));
        let subject = Subject::Job { tenant: tenant.clone(), queue: Queue::Index, call };
        publish::confirmed(jetstream, &subject, async_nats::HeaderMap::new(), Bytes::new(), PATIENCE).await.unwrap();
    }
}

/// A reader with so many places: each message is told to `taken`, held until `hold` is over, and acknowledged.
struct Reader {
    most: Arc<AtomicUsize>,
    stop: CancellationToken,
}

impl Reader {
    fn start(jetstream: &Context, places: usize, hold: Duration, taken: &mpsc::UnboundedSender<()>) -> Self {
        let (most, now, stop) =
            (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)), CancellationToken::new());
        let reader = Self { most: Arc::clone(&most), stop: stop.clone() };
        let (jetstream, taken) = (jetstream.clone(), taken.clone());
        tokio::spawn(async move {
            let queue = Queue::Index.to_string();
            pull::each(&jetstream, Stream::Jobs.as_str(), &queue, places, &stop, |message, place| {
                most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                let (now, taken) = (Arc::clone(&now), taken.clone());
                tokio::spawn(async move {
                    tokio::time::sleep(hold).await;
                    message.ack().await.unwrap();
                    now.fetch_sub(1, Ordering::SeqCst);
                    drop(place);
                    taken.send(()).unwrap();
                });
            })
            .await
            .unwrap();
        });
        reader
    }
}

async fn wait_for(taken: &mut mpsc::UnboundedReceiver<()>, count: usize) {
    for number in 0..count {
        timeout(PATIENCE, taken.recv()).await.unwrap_or_else(|_| panic!("only {number} of {count} came")).unwrap();
    }
}

#[tokio::test]
async fn no_more_are_taken_than_there_are_places_and_all_come() {
    let hub = HubAccount::new(shared().await.unwrap()).await.unwrap();
    let jetstream = queue(&hub).await;
    let (taken, mut all) = mpsc::unbounded_channel();
    let reader = Reader::start(&jetstream, 5, Duration::from_millis(3), &taken);
    publish(&jetstream, 0..200).await;
    wait_for(&mut all, 200).await;
    assert_eq!(reader.most.load(Ordering::SeqCst), 5);
    // What a reader has no place for is there for another.
    let slow = Reader::start(&jetstream, 1, PATIENCE, &taken);
    publish(&jetstream, 200..300).await;
    wait_for(&mut all, 99).await;
    assert_eq!(slow.most.load(Ordering::SeqCst), 1);
    reader.stop.cancel();
}

#[tokio::test]
async fn a_server_that_was_away_is_asked_again_at_once() {
    let mut server = NatsServer::start().await.unwrap();
    let hub = HubAccount::new(server.site()).await.unwrap();
    let jetstream = queue(&hub).await;
    let (taken, mut all) = mpsc::unbounded_channel();
    let _reader = Reader::start(&jetstream, 3, Duration::ZERO, &taken);
    publish(&jetstream, 0..10).await;
    wait_for(&mut all, 10).await;
    server.kill().unwrap();
    server.restart().await.unwrap();
    let again = jetstream::new(hub.connect().await.unwrap());
    publish(&again, 10..30).await;
    // The requests that the dead server had are lost: without another look they would block all places for seconds.
    let begun = std::time::Instant::now();
    wait_for(&mut all, 20).await;
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
}
