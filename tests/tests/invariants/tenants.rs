//! No tenant sees another: over HTTP, and on NATS.

use std::time::Duration;

use async_nats::ConnectOptions;
use futures::StreamExt as _;
use sba_gateway::accounts::{Account, AccountLimits, Operator, push_account};
use sba_subjects::{
    codec,
    command::{Command, CommandBody},
    envelope::VERSION,
    id::{CommandId, RunId, TenantKey},
    name::Verb,
    stream::Stream,
    subject::Subject,
};
use sba_tests::{
    chaos::site::{PATIENCE, Site},
    model::Turn,
    scene::Run,
};
use serde_json::json;
use uuid::Uuid;

pub(crate) async fn no_tenant_sees_another(site: &mut Site) {
    let world = site.world.clone();
    let turn = || Turn::slowly("A secret that is nobody else's.", 20);
    let run = Run::start(&world.urls, &world.quick, json!({}), "theirs", [turn()]).await.unwrap();
    for path in ["", "/cancel", "/pause", "/resume"] {
        let url = format!("{}/api/v1/runs/{}{path}", world.urls[0], run.id);
        let (status, body) =
            if path.is_empty() { world.careful.get(&url).await } else { world.careful.post(&url, &json!({})).await }
                .unwrap();
        assert_eq!((status, body["error"]["code"].as_str()), (404, Some("not_found")), "{path}");
    }
    let refused = world.careful.refused_to_watch(&world.urls[0], &run.id.to_string()).await.unwrap();
    assert_eq!(refused, Some((404, "not_found".to_owned())));

    let (stranger, mut heard) = stranger(site).await;
    let body = CommandBody::Cancel { reason: "by a stranger".to_owned() };
    let command = Command { v: VERSION, id: CommandId::from_uuid(Uuid::new_v4()), ts: 0, body };
    let (tenant, id) = (key_of(site, &run).await, RunId::from_uuid(run.id));
    let cancel = Subject::Cmd { tenant, run: id, verb: Verb::Cancel }.to_string();
    let watched = Run::start(&world.urls, &world.quick, json!({}), "watched", [turn()]).await.unwrap();
    for subject in [cancel.clone(), "ctl.everybody".to_owned()] {
        let answer = stranger.request(subject, codec::encode(&command).unwrap());
        let answer = tokio::time::timeout(Duration::from_secs(2), answer).await;
        assert!(!matches!(answer, Ok(Ok(_))), "somebody answers a stranger: {answer:?}");
    }
    let streams = stranger.request("$JS.API.STREAM.NAMES", "".into()).await.unwrap();
    assert!(String::from_utf8_lossy(&streams.payload).contains("JetStream not enabled for account"), "{streams:?}");
    assert_eq!(watched.end().await.unwrap().how(), ("completed", ""));
    assert_eq!(run.end().await.unwrap().how(), ("completed", ""));
    // What it said itself comes back; nothing else does.
    stranger.publish("mine", "the end".into()).await.unwrap();
    loop {
        let message = tokio::time::timeout(PATIENCE, heard.next()).await.unwrap().unwrap();
        if message.subject.as_str() == "mine" {
            break;
        }
        // Its own requests, the answers to them, and what the server says of them in its own account.
        let own = [cancel.as_str(), "ctl.everybody", "_INBOX.", "$JS.API.", "$JS.EVENT.ADVISORY.API"];
        assert!(own.iter().any(|own| message.subject.starts_with(own)), "a stranger heard {}", message.subject);
    }
}

/// The tenant of a run, as NATS names it.
async fn key_of(site: &Site, run: &Run) -> TenantKey {
    let jetstream = async_nats::jetstream::new(site.stack.hub().connect().await.unwrap());
    let (runs, run) = (jetstream.get_stream(Stream::Runs.as_str()).await.unwrap(), RunId::from_uuid(run.id));
    let events = format!("sba.*.run.{}.{run}.ev", run.partition());
    let first = runs.get_last_raw_message_by_subject(&events).await.unwrap();
    first.subject.as_str().parse::<Subject>().unwrap().tenant().unwrap().clone()
}

/// A user of an account as a tenant has it, who listens to everything.
async fn stranger(site: &Site) -> (async_nats::Client, async_nats::Subscriber) {
    let servers = site.stack.hub().site();
    let operator = Operator::from_seed(&std::fs::read_to_string(servers.operator_seed()).unwrap()).unwrap();
    let (account, seed) = Account::generate("stranger", AccountLimits::tenant()).unwrap();
    let system = std::fs::read_to_string(servers.system_credentials()).unwrap();
    let urls: Vec<&str> = servers.url().split(',').collect();
    let system = ConnectOptions::with_credentials(&system).unwrap().connect(urls.as_slice()).await.unwrap();
    push_account(&system, &operator.sign_account(&account, 1).unwrap(), PATIENCE).await.unwrap();
    let user = account.mint_user(&seed, "user", 1, None).unwrap().to_file();
    let client = ConnectOptions::with_credentials(&user).unwrap().connect(urls.as_slice()).await.unwrap();
    let heard = client.subscribe(">").await.unwrap();
    client.flush().await.unwrap();
    (client, heard)
}
