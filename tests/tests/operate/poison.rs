//! Commands that nothing can be done with: they hold no other up, and one that is given back has its effect once.

use bytes::Bytes;
use sba_service::log::RunLog;
use sba_subjects::{
    codec,
    command::{Command, CommandBody},
    envelope::VERSION,
    event::Event,
    id::{CommandId, RunId},
    name::Verb,
    stream::Stream,
    subject::Subject,
};
use serde_json::json;

use crate::support::{DEADLINE, Office, ended, id, orchestrated, start, until};

async fn give(office: &Office, run: RunId, verb: Verb, body: Bytes) {
    let subject = Subject::Cmd { tenant: office.tenant.clone(), run, verb };
    office.jetstream.publish(subject.to_string(), body).await.unwrap().await.unwrap();
}

#[tokio::test]
async fn poisoned_commands_hold_no_run_up_and_are_all_put_aside() {
    let (office, _orchestrator) = orchestrated().await;
    let cancel = CommandBody::Cancel { reason: "no".to_owned() };
    let unknown = Command { v: VERSION, id: id::<CommandId>(), ts: 0, body: cancel };
    let mut foreign = start(&office.tenant);
    if let CommandBody::Start(created) = &mut foreign.body {
        created.tenant_id = office.neighbour().await.id();
    }
    const EACH: u64 = 25;
    for _ in 0..EACH {
        give(&office, id(), Verb::Start, Bytes::from_static(b"\xff\xff")).await;
        give(&office, id(), Verb::Pause, codec::encode(&unknown).unwrap()).await;
        give(&office, id(), Verb::Cancel, codec::encode(&unknown).unwrap()).await;
        give(&office, id(), Verb::Start, codec::encode(&foreign).unwrap()).await;
    }
    let run: RunId = id();
    give(&office, run, Verb::Start, codec::encode(&start(&office.tenant)).unwrap()).await;
    ended(&office, run).await;
    until("the poison among the dead", async || (office.count(Stream::Dead).await == 4 * EACH).then_some(())).await;
    until("an empty queue", async || (office.count(Stream::Cmds).await == 0).then_some(())).await;
    for (reason, letters) in [("unreadable", 2 * EACH), ("run_unknown", EACH), ("wrong_tenant", EACH)] {
        let found = office.sba(&["dead", "list", "--json", "--reason", reason]).await.documents();
        assert_eq!(found.len() as u64, letters, "{reason}");
    }
}

#[tokio::test]
async fn a_command_that_is_given_back_twice_starts_one_run() {
    let (office, _orchestrator) = orchestrated().await;
    let run: RunId = id();
    let subject = Subject::Cmd { tenant: office.tenant.clone(), run, verb: Verb::Start };
    let body = codec::encode(&start(&office.tenant)).unwrap();
    // The second letter is what stands there after an operator was killed before the first was removed.
    for letter in 0..2 {
        office.bury(subject.clone(), "undecidable", body.clone(), &[]).await;
        let said = office.sba(&["dead", "redrive", "--origin", "cmd", "--yes", "--json"]).await.documents();
        assert_eq!(said[0]["outcome"], json!("redriven"), "letter {letter}");
        ended(&office, run).await;
        until("an empty queue", async || (office.count(Stream::Cmds).await == 0).then_some(())).await;
    }
    let log = RunLog::new(office.jetstream.clone(), sba_subjects::stream::Shards::ONE, DEADLINE).await.unwrap();
    let mut reading = log.read(&office.tenant, run).await.unwrap().unwrap();
    let mut said = Vec::new();
    while let Some(record) = reading.next().await.unwrap() {
        said.extend(record.events().unwrap().into_iter().map(|event| (event.seq, event.payload)));
    }
    assert!(said.iter().zip(1..).all(|((seq, _), due)| *seq == due), "{said:?}");
    let of = |kind: &str| said.iter().filter(|(_, event)| event.kind() == kind).count();
    assert_eq!((of("created"), of("attempt"), of("step_started"), of("done")), (1, 1, 1, 1), "{said:?}");
    assert!(matches!(said.last(), Some((_, Event::Done(_)))));
}
