//! The feed of a tenant, read by the JetStream client of a tenant.

use std::time::Duration;

use async_nats::jetstream::{self, AckKind, consumer::PullConsumer};
use futures::StreamExt as _;
use sba_gateway::auth::Role;
use sba_service::config::Millis;
use sba_subjects::record;
use sba_tests::run_log::{attempted, token};
use serde_json::{Value, json};

use super::{
    access::Access,
    watch::{begun, say},
};
use crate::support::{DEADLINE, House, house, house_with};

async fn open(access: &Access, body: &Value) -> Value {
    let opened = access.ask(&format!("feed.{}.open", access.caller), body).await;
    assert!(opened["streams"].is_array(), "{opened}");
    opened
}

/// The consumers that a feed is made of.
async fn consumers(access: &Access, opened: &Value) -> Vec<PullConsumer> {
    let context = jetstream::with_domain(access.client.clone(), opened["domain"].as_str().unwrap());
    let name = opened["consumer"].as_str().unwrap();
    let mut consumers = Vec::new();
    for stream in opened["streams"].as_array().unwrap() {
        consumers.push(context.get_consumer_from_stream(name, stream.as_str().unwrap()).await.unwrap());
    }
    consumers
}

/// So many messages of a feed, as run and `seq` of each, acknowledged where `ack` says so.
async fn read(consumer: &PullConsumer, count: usize, ack: bool) -> Vec<(String, u64)> {
    let mut messages = consumer.fetch().max_messages(count).expires(DEADLINE).messages().await.unwrap();
    let mut read = Vec::new();
    while let Some(message) = messages.next().await {
        let message = message.unwrap();
        let event = record::read(&message.payload).unwrap().remove(0);
        read.push((event.run.to_string(), event.seq));
        if ack {
            message.double_ack().await.unwrap();
        }
        if read.len() == count {
            break;
        }
    }
    read
}

/// Nothing more is there to be read.
async fn is_empty(consumer: &PullConsumer) -> bool {
    let mut messages = consumer.fetch().max_messages(1).messages().await.unwrap();
    messages.next().await.is_none()
}

async fn admin(house: &House) -> Access {
    house.let_all_in(&house.tenant).await
}

#[tokio::test]
async fn what_is_not_acknowledged_comes_again_and_the_position_outlives_the_client() {
    let house = house_with(|config| config.accounts.feed_ack_wait_ms = Millis::new(300)).await;
    let neighbour = house.neighbour().await;
    let access = admin(&house).await;
    let opened = open(&access, &json!({})).await;
    assert_eq!((&opened["made"], &opened["streams"]), (&json!(true), &json!(["RUNS"])));
    let mut mine = begun(&house, &house.tenant).await;
    let mut theirs = begun(&house, &neighbour).await;
    say(&mut theirs, attempted()).await;
    say(&mut mine, attempted()).await;
    say(&mut mine, token("Net 30.")).await;
    let (run, consumer) = (mine.run.to_string(), consumers(&access, &opened).await.remove(0));
    let expected: Vec<_> = (1..=3).map(|seq| (run.clone(), seq)).collect();
    assert_eq!(read(&consumer, 3, false).await, expected, "those of the tenant, in order");
    assert_eq!(read(&consumer, 3, false).await, expected, "again: nothing was acknowledged");
    let first = consumer.fetch().max_messages(1).expires(DEADLINE).messages().await.unwrap().next().await.unwrap();
    let first = first.unwrap();
    first.ack_with(AckKind::Progress).await.unwrap();
    first.double_ack().await.unwrap();
    drop(access);

    let access = admin(&house).await;
    let opened = open(&access, &json!({})).await;
    assert_eq!(opened["made"], json!(false), "it goes on");
    let consumer = consumers(&access, &opened).await.remove(0);
    let mut rest = read(&consumer, 2, true).await;
    rest.sort();
    assert_eq!(rest, expected[1..]);
    assert!(is_empty(&consumer).await);
    drop(theirs);
}

#[tokio::test]
async fn a_feed_may_begin_anew_where_its_reader_says() {
    let house = house().await;
    let access = admin(&house).await;
    let mut mine = begun(&house, &house.tenant).await;
    let opened = open(&access, &json!({})).await;
    let consumer = consumers(&access, &opened).await.remove(0);
    assert!(is_empty(&consumer).await, "a new one begins now");
    say(&mut mine, attempted()).await;
    say(&mut mine, token("a")).await;
    let again = open(&access, &json!({"from": "beginning", "tokens": false})).await;
    assert_eq!(again["made"], json!(true));
    let consumer = consumers(&access, &again).await.remove(0);
    let run = mine.run.to_string();
    assert_eq!(read(&consumer, 2, true).await, [(run.clone(), 1), (run.clone(), 2)]);
    assert!(is_empty(&consumer).await, "without token frames");

    tokio::time::sleep(Duration::from_millis(20)).await;
    let now = time::OffsetDateTime::now_utc().format(&time::format_description::well_known::Rfc3339).unwrap();
    say(&mut mine, attempted()).await;
    let consumer = consumers(&access, &open(&access, &json!({"from": now})).await).await.remove(0);
    assert_eq!(read(&consumer, 1, true).await, [(run, 4)]);

    access.ask(&format!("feed.{}.close", access.caller), &json!({})).await;
    let closed = jetstream::with_domain(access.client.clone(), "sba");
    let gone = closed
        .get_consumer_from_stream::<async_nats::jetstream::consumer::pull::Config, _, _>(house.tenant.as_str(), "RUNS");
    assert!(gone.await.is_err());
    for bad in [json!({"from": "yesterday"}), json!({"from": 7}), json!({"name": "x"}), json!({"tokens": "no"})] {
        let refused = access.refused(&format!("feed.{}.open", access.caller), &bad.to_string()).await;
        assert_eq!(refused, "validation_failed", "{bad}");
    }
}

#[tokio::test]
async fn a_feed_has_a_part_on_each_stream_of_logs() {
    let house = house_with(|config| config.nats.run_shards = 2).await;
    let access = admin(&house).await;
    let opened = open(&access, &json!({})).await;
    assert_eq!(opened["streams"], json!(["RUNS-0", "RUNS-1"]));
    let mut expected = Vec::new();
    for _ in 0..8 {
        expected.push((house.start(&json!({"prompt": "a", "idempotency_key": uuid::Uuid::new_v4()})).await, 1));
    }
    let mut found = Vec::new();
    for consumer in consumers(&access, &opened).await {
        let pending = usize::try_from(consumer.get_info().await.unwrap().num_pending).unwrap();
        found.extend(read(&consumer, pending, true).await);
    }
    let mut expected: Vec<_> = expected.into_iter().map(|(run, seq)| (run.to_string(), seq)).collect();
    found.sort();
    expected.sort();
    assert_eq!(found, expected);
}

#[tokio::test]
async fn feeds_are_for_those_who_govern_and_are_limited() {
    let house = house_with(|config| config.accounts.max_feeds = 1).await;
    let member = house.let_in(&house.tenant, &[Role::Member], &json!({})).await;
    assert!(member.heard(&format!("feed.{}.open", member.caller), b"{}").await.is_none());
    member.until_denied("Publish").await;
    open(&admin(&house).await, &json!({})).await;
    open(&admin(&house).await, &json!({"from": "beginning"})).await;
    let neighbour = house.let_all_in(&house.neighbour().await).await;
    assert_eq!(neighbour.refused(&format!("feed.{}.open", neighbour.caller), "").await, "overloaded");
}
