//! Live events, as a tenant's client has them.

use std::collections::BTreeSet;

use async_nats::{Message, Subscriber};
use futures::StreamExt as _;
use sba_gateway::auth::Role;
use sba_service::log::RunLog;
use sba_subjects::{
    id::{RunId, TenantKey},
    record,
    stream::Shards,
};
use sba_tests::run_log::{Writer, attempted, token};
use serde_json::json;
use tokio::time::timeout;
use uuid::Uuid;

use super::access::SILENCE;
use crate::support::{DEADLINE, House, house};

/// One who writes the log of a new run of a tenant.
pub(crate) async fn begun(house: &House, tenant: &TenantKey) -> Writer {
    let log = RunLog::new(house.jetstream.clone(), Shards::ONE, DEADLINE).await.unwrap();
    let run = RunId::from_uuid(Uuid::new_v4());
    let mut writer = Writer { log, tenant: tenant.clone(), run, seq: 1, attempt: 0, fence: 0 };
    writer.create().await.unwrap();
    writer
}

/// Says one more thing.
pub(crate) async fn say(writer: &mut Writer, event: sba_subjects::event::Event) {
    let record = writer.record(vec![event]).unwrap();
    writer.append(&record).await.unwrap();
}

async fn next(heard: &mut Subscriber) -> Message {
    timeout(DEADLINE, heard.next()).await.unwrap().unwrap()
}

#[tokio::test]
async fn a_client_sees_its_own_tenants_runs_and_no_others() {
    let house = house().await;
    let neighbour = house.neighbour().await;
    let access = house.let_in(&house.tenant, &[Role::Viewer], &json!({})).await;
    let mut heard = access.client.subscribe("live.*.*").await.unwrap();
    // Behind the subscription on its way: when it is answered, the server has both.
    assert!(access.is_in().await);

    let mut theirs = begun(&house, &neighbour).await;
    let mut mine = begun(&house, &house.tenant).await;
    say(&mut theirs, attempted()).await;
    say(&mut mine, attempted()).await;
    say(&mut mine, token("Net 30.")).await;
    let mut names = BTreeSet::new();
    for (kind, seq, said) in [("ev", 1, "created"), ("ev", 2, "attempt"), ("tok", 3, "token")] {
        let message = next(&mut heard).await;
        assert_eq!(message.subject.as_str(), format!("live.{}.{kind}", mine.run));
        let events = record::read(&message.payload).unwrap();
        assert_eq!((events[0].seq, events[0].r#type.as_str()), (seq, said));
        names.extend(message.headers.unwrap().iter().map(|(name, _)| name.to_string()));
    }
    assert!(timeout(SILENCE, heard.next()).await.is_err(), "something of another tenant was heard");
    // All that comes with an event; none of it is a secret, or another tenant's.
    let known = [
        "Nats-Expected-Last-Subject-Sequence",
        "Nats-Expected-Last-Subject-Sequence-Subject",
        "Nats-Last-Sequence",
        "Nats-Sequence",
        "Nats-Stream",
        "Nats-Subject",
        "Nats-Time-Stamp",
        "Sba-Attempt",
        "Sba-Count",
        "Sba-Id",
        "Sba-Seq",
        "Sba-Types",
        "Sba-V",
    ];
    assert!(names.iter().all(|name| known.contains(&name.as_str())), "{names:?}");
}

#[tokio::test]
async fn one_run_may_be_watched_alone() {
    let house = house().await;
    let access = house.let_in(&house.tenant, &[Role::Viewer], &json!({})).await;
    let mut mine = begun(&house, &house.tenant).await;
    let mut other = begun(&house, &house.tenant).await;
    let mut heard = access.client.subscribe(format!("live.{}.*", mine.run)).await.unwrap();
    // Behind the subscription on its way: when it is answered, the server has both.
    assert!(access.is_in().await);
    say(&mut other, attempted()).await;
    say(&mut mine, attempted()).await;
    let message = next(&mut heard).await;
    assert_eq!(message.subject.as_str(), format!("live.{}.ev", mine.run));
}
