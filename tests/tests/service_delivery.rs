//! Messages, stored and settled, against a real NATS server.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::time::Duration;

use async_nats::{
    HeaderMap,
    jetstream::{self, Context, Message, consumer::PullConsumer},
};
use bytes::Bytes;
use futures::StreamExt as _;
use sba::local::{HubAccount, nats::shared};
use sba_service::{
    delivery::{self, Fate},
    metrics::Metrics,
    provision::Provision,
    publish::{self, PublishFailure, Stored},
};
use sba_subjects::{
    consumer::{self, Pace},
    dead,
    id::{CallId, TenantKey},
    name::Queue,
    stream::{self, Sizing, Stream},
    subject::{DeadLetter, Subject},
};
use uuid::Uuid;

/// Longest wait for anything, on a busy machine too.
const PATIENCE: Duration = Duration::from_secs(30);

async fn provisioned(sizing: &Sizing) -> (HubAccount, Context, PullConsumer) {
    let hub = HubAccount::new(shared().await.unwrap()).await.unwrap();
    let jetstream = jetstream::new(hub.connect().await.unwrap());
    let provision = Provision::new(jetstream.clone(), PATIENCE);
    provision.streams(stream::all(sizing)).await.unwrap();
    let pace = Pace { ack_wait: PATIENCE, max_ack_pending: 100, max_waiting: 512 };
    let (_, config) = consumer::jobs(Queue::Index, &pace);
    let queue = jetstream.create_consumer_on_stream(config, Stream::Jobs.as_str()).await.unwrap();
    (hub, jetstream, queue)
}

fn subject() -> Subject {
    let tenant: TenantKey = format!("A{}", "B".repeat(55)).parse().unwrap();
    Subject::Job { tenant, queue: Queue::Index, call: CallId::from_uuid(Uuid::from_u128(7)) }
}

async fn delivered(queue: &PullConsumer) -> Message {
    queue.fetch().max_messages(1).expires(PATIENCE).messages().await.unwrap().next().await.unwrap().unwrap()
}

async fn publish(jetstream: &Context, headers: HeaderMap, body: Bytes) -> Result<Stored, PublishFailure> {
    publish::confirmed(jetstream, &subject(), headers, body, PATIENCE).await
}

async fn letter(jetstream: &Context) -> jetstream::message::StreamMessage {
    let dead = Subject::Dead(DeadLetter::of(subject()).unwrap()).to_string();
    let stream = jetstream.get_stream(Stream::Dead.as_str()).await.unwrap();
    stream.get_last_raw_message_by_subject(&dead).await.unwrap()
}

#[tokio::test]
async fn a_message_that_stands_in_the_queue_is_no_error_and_a_large_one_is() {
    let sizing = Sizing { max_message_bytes: 4_096, ..Sizing::default() };
    let (_hub, jetstream, _queue) = provisioned(&sizing).await;
    let first = publish(&jetstream, HeaderMap::new(), Bytes::from_static(b"x")).await.unwrap();
    assert!(matches!(first, Stored::Now(_)), "{first:?}");
    assert_eq!(publish(&jetstream, HeaderMap::new(), Bytes::from_static(b"x")).await.unwrap(), Stored::Already);
    let error = publish(&jetstream, HeaderMap::new(), vec![0; 5_000].into()).await.unwrap_err();
    assert_eq!((error.code(), error.is_transient()), ("message_too_large", false));
}

#[tokio::test]
async fn a_full_queue_says_so() {
    let sizing = Sizing { max_bytes: Some(2_048), max_message_bytes: 4_096, ..Sizing::default() };
    let (_hub, jetstream, _queue) = provisioned(&sizing).await;
    let error = publish(&jetstream, HeaderMap::new(), vec![0; 3_000].into()).await.unwrap_err();
    assert_eq!((error.code(), error.is_transient()), ("stream_full", true));
}

#[tokio::test]
async fn a_dead_letter_says_why_and_what_it_was_and_commands_no_server() {
    let (_hub, jetstream, queue) = provisioned(&Sizing::default()).await;
    let mut headers = HeaderMap::new();
    headers.insert("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
    headers.insert("nats-msg-id", "the same for ever");
    headers.insert("NATS-Expected-Stream", "JOBS");
    headers.insert("sba-dead-reason", "forged");
    // The server obeys only its own spelling, so all of these can stand on a message.
    let Stored::Now(sequence) = publish(&jetstream, headers, Bytes::from_static(b"body")).await.unwrap() else {
        panic!("it stands in the queue already");
    };
    let message = delivered(&queue).await;
    let metrics = Metrics::new().unwrap();
    let detail = "it\r\nNats-Rollup: all broke".to_owned();
    let fate = Fate::Dead { reason: "job_invalid", detail };
    delivery::settle(&jetstream, &metrics, &message, fate, PATIENCE).await;
    let letter = letter(&jetstream).await;
    let said = |name: &str| letter.headers.get(name).map(|value| value.as_str().to_owned());
    assert_eq!(said(dead::REASON).unwrap(), "job_invalid");
    assert_eq!(said(dead::DETAIL).unwrap(), "itNats-Rollup: all broke");
    assert_eq!(said(dead::ATTEMPTS).unwrap(), "1");
    assert_eq!((said(dead::STREAM).unwrap(), said(dead::SEQUENCE).unwrap()), ("JOBS".into(), sequence.to_string()));
    assert!(said(dead::TIME).is_some() && said("traceparent").is_some());
    let forbidden = |name: &str| name.to_ascii_lowercase().starts_with("nats-") || name == "sba-dead-reason";
    assert!(!letter.headers.iter().any(|(name, _)| forbidden(name.as_ref())), "{:?}", letter.headers);
    assert_eq!(letter.payload, Bytes::from_static(b"body"));
    assert!(metrics.text().unwrap().contains(r#"sba_dead_letters_total{origin="job"} 1"#));
    let left = jetstream.get_stream(Stream::Jobs.as_str()).await.unwrap().info().await.unwrap().state.messages;
    assert_eq!(left, 0, "it was terminated");
}

#[tokio::test]
async fn a_message_without_room_for_the_headers_is_buried_without_its_body() {
    let sizing = Sizing { max_message_bytes: 4_096, ..Sizing::default() };
    let (_hub, jetstream, queue) = provisioned(&sizing).await;
    publish(&jetstream, HeaderMap::new(), vec![7; 4_000].into()).await.unwrap();
    let message = delivered(&queue).await;
    delivery::bury(&jetstream, &Metrics::new().unwrap(), &message, "poison", "too much", 6).await.unwrap();
    let letter = letter(&jetstream).await;
    assert_eq!(letter.headers.get(dead::DROPPED_BYTES).unwrap().as_str(), "4000");
    assert!(letter.payload.is_empty());
}
