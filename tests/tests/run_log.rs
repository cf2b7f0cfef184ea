//! The fence around a run's log, on a single server and on a cluster of three, with writers that freeze,
//! connections that are cut and a quorum that is lost.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::Duration;

use async_nats::jetstream::{self, Context};
use futures::future::join_all;
use sba::local::{HubAccount, NatsCluster, NatsServer, nats};
use sba_service::{
    log::{AppendError, Loaded},
    publish,
};
use sba_subjects::{
    command::{Command, CommandBody},
    envelope::VERSION,
    event::Event,
    name::Verb,
    stream::Stream,
    subject::{Subject, filter},
};
use sba_tests::run_log::{Writer, attempted, ids, streams, token};

/// Longest wait for a message to be stored.
const PATIENCE: Duration = Duration::from_secs(30);

async fn single() -> Context {
    let account = HubAccount::new(nats::shared().await.unwrap()).await.unwrap();
    let jetstream = jetstream::new(account.connect().await.unwrap());
    streams(&jetstream, 1).await.unwrap();
    jetstream
}

async fn cluster() -> (NatsCluster, HubAccount, Context) {
    let cluster = NatsCluster::start().await.unwrap();
    let account = HubAccount::new(cluster.site()).await.unwrap();
    let jetstream = jetstream::new(account.connect().await.unwrap());
    streams(&jetstream, 3).await.unwrap();
    (cluster, account, jetstream)
}

fn dense(said: &[(u64, String, u32)]) {
    let seqs: Vec<u64> = said.iter().map(|(seq, ..)| *seq).collect();
    let due: Vec<u64> = (1..=said.len() as u64).collect();
    assert_eq!(seqs, due, "{said:?}");
}

/// One writer gets in, the others learn it; and a repeat of the winner's record is the same record.
async fn rivals(jetstream: &Context) {
    let mut owner = Writer::new(jetstream).await.unwrap();
    owner.create().await.unwrap();
    let rivals: Vec<Writer> = (0..6).map(|_| Writer { attempt: 1, ..owner.clone() }).collect();
    let outcomes = join_all(rivals.into_iter().map(|mut rival| async move {
        let record = rival.record(vec![attempted()]).unwrap();
        let outcome = rival.append(&record).await;
        (rival, record, outcome)
    }))
    .await;
    let (won, lost): (Vec<_>, Vec<_>) = outcomes.into_iter().partition(|(_, _, outcome)| outcome.is_ok());
    assert_eq!(won.len(), 1, "exactly one of six rivals gets in");
    let (winner, record, _) = &won[0];
    for (_, _, outcome) in &lost {
        assert!(matches!(outcome, Err(AppendError::Fenced { by, .. }) if *by == record.head.id), "{outcome:?}");
    }
    // The winner did not hear the answer and says the same again.
    let mut again = Writer { fence: owner.fence, seq: owner.seq, ..winner.clone() };
    again.append(record).await.unwrap();
    assert_eq!(again.fence, winner.fence, "a repeat is answered with the record that stands there");
    dense(&owner.said().await.unwrap());
}

/// A writer that slept through a take-over says nothing more: neither an event nor a token.
async fn zombie(jetstream: &Context) {
    let mut owner = Writer::new(jetstream).await.unwrap();
    owner.create().await.unwrap();
    owner.take().await.unwrap().unwrap();
    owner.append(&owner.record(vec![token("one")]).unwrap()).await.unwrap();
    let mut heir = owner.clone();
    heir.take().await.unwrap().unwrap();
    for event in [token("late"), attempted()] {
        let record = owner.record(vec![event]).unwrap();
        assert!(matches!(owner.append(&record).await, Err(AppendError::Fenced { .. })));
    }
    heir.append(&heir.record(vec![token("two")]).unwrap()).await.unwrap();
    let said = heir.said().await.unwrap();
    dense(&said);
    let kinds: Vec<_> = said.iter().map(|(_, kind, attempt)| (kind.as_str(), *attempt)).collect();
    assert_eq!(kinds, [("created", 0), ("attempt", 1), ("token", 1), ("attempt", 2), ("token", 2)]);
}

/// A snapshot that is behind, a long tail, and no snapshot at all give the same state.
async fn loading(jetstream: &Context) {
    let mut owner = Writer::new(jetstream).await.unwrap();
    assert!(owner.log.load(&owner.tenant, owner.run).await.unwrap().is_none());
    owner.create().await.unwrap();
    let created = owner.log.load(&owner.tenant, owner.run).await.unwrap().unwrap();
    assert_eq!((created.state.seq, created.fence), (1, owner.fence));
    owner.take().await.unwrap().unwrap();
    owner.log.keep_snapshot(&owner.tenant, &created.state, created.fence, created.record).await.unwrap();
    for _ in 0..5 {
        owner.take().await.unwrap().unwrap();
    }
    let behind = owner.log.load(&owner.tenant, owner.run).await.unwrap().unwrap();
    assert_eq!((behind.state.seq, behind.state.attempt, behind.fence), (7, 6, owner.fence));
    owner.log.keep_snapshot(&owner.tenant, &behind.state, behind.fence, behind.record).await.unwrap();
    assert_eq!(owner.log.load(&owner.tenant, owner.run).await.unwrap().unwrap(), behind);
    // From here on the log is too long to be read without looking for a snapshot.
    for _ in 0..70 {
        owner.take().await.unwrap().unwrap();
    }
    let long = owner.log.load(&owner.tenant, owner.run).await.unwrap().unwrap();
    assert_eq!((long.state.seq, long.kept), (77, 7));
    owner.log.keep_snapshot(&owner.tenant, &long.state, long.fence, long.record).await.unwrap();
    assert_eq!(owner.log.load(&owner.tenant, owner.run).await.unwrap().unwrap().kept, 77);
    snapshots_of_another_log(&owner, &long).await;
}

/// What a snapshot says that the log does not have is not believed: the log was restored from a backup, or lost its end.
async fn snapshots_of_another_log(owner: &Writer, true_to_log: &Loaded) {
    let mut other = true_to_log.state.clone();
    other.prompt = "of another log".to_owned();
    let mut ahead = other.clone();
    ahead.seq += 10;
    let forged = [
        (&ahead, true_to_log.fence + 1_000, None),
        (&ahead, true_to_log.fence, true_to_log.record),
        (&other, true_to_log.fence, Some(ids().make())),
    ];
    for (state, fence, record) in forged {
        owner.log.keep_snapshot(&owner.tenant, state, fence, record).await.unwrap();
        let loaded = owner.log.load(&owner.tenant, owner.run).await.unwrap().unwrap();
        assert_eq!((loaded.fence, loaded.kept), (true_to_log.fence, 0));
        assert_eq!(loaded.state, true_to_log.state);
    }
}

#[tokio::test]
async fn of_six_rivals_one_gets_in_on_a_single_server() {
    rivals(&single().await).await;
}

#[tokio::test]
async fn a_writer_that_was_taken_over_is_fenced_on_a_single_server() {
    zombie(&single().await).await;
}

/// Before anything is stored of a run, it stands as its `start` says, which waits among the commands.
#[tokio::test]
async fn a_run_without_a_log_is_what_its_start_promises() {
    let jetstream = single().await;
    let mut owner = Writer::new(&jetstream).await.unwrap();
    let created = owner.created();
    let start = Command { v: VERSION, id: ids().make(), ts: 7, body: CommandBody::Start(created.clone()) };
    let subject = Subject::Cmd { tenant: owner.tenant.clone(), run: owner.run, verb: Verb::Start };
    publish::message(&jetstream, &subject, &start, PATIENCE).await.unwrap();
    let loaded = owner.log.load(&owner.tenant, owner.run).await.unwrap().unwrap();
    assert_eq!((loaded.fence, loaded.state.seq, loaded.state.created_at), (0, 1, 7));
    let first = loaded.promised.unwrap();
    assert_eq!((first.cause, &first.payload), (Some(start.id), &Event::Created(created)));
    owner.create().await.unwrap();
    let loaded = owner.log.load(&owner.tenant, owner.run).await.unwrap().unwrap();
    assert_eq!((loaded.fence, loaded.promised), (owner.fence, None));
    // A start under another tenant's subject promises nothing.
    let stranger = Writer::new(&jetstream).await.unwrap();
    let subject = Subject::Cmd { tenant: stranger.tenant.clone(), run: stranger.run, verb: Verb::Start };
    publish::message(&jetstream, &subject, &start, PATIENCE).await.unwrap();
    assert!(stranger.log.load(&stranger.tenant, stranger.run).await.unwrap().is_none());
}

#[tokio::test]
async fn the_state_is_loaded_from_snapshot_and_tail() {
    loading(&single().await).await;
}

#[tokio::test]
async fn what_is_stored_is_said_again_to_those_who_watch() {
    let jetstream = single().await;
    let mut owner = Writer::new(&jetstream).await.unwrap();
    let live = filter::live_run(&owner.tenant, owner.run);
    let mut watched = jetstream.client().subscribe(live).await.unwrap();
    jetstream.client().flush().await.unwrap();
    owner.create().await.unwrap();
    let message = futures::StreamExt::next(&mut watched).await.unwrap();
    let headers = message.headers.unwrap();
    assert_eq!(headers.get("Nats-Sequence").unwrap().as_str(), owner.fence.to_string());
    assert_eq!(sba_subjects::record::Head::read(&headers).unwrap().seq, 1);
    assert!(message.subject.as_str().parse::<sba_subjects::subject::Subject>().is_ok());
}

#[tokio::test]
async fn a_full_stream_says_so_and_stores_nothing() {
    let jetstream = single().await;
    let mut owner = Writer::new(&jetstream).await.unwrap();
    owner.create().await.unwrap();
    let mut config = jetstream.get_stream(Stream::Runs.as_str()).await.unwrap().cached_info().config.clone();
    config.max_bytes = 1_000;
    jetstream.update_stream(config.clone()).await.unwrap();
    let record = owner.record(vec![token(&"x".repeat(2_000))]).unwrap();
    let refused = owner.append(&record).await;
    assert!(matches!(refused, Err(AppendError::Full(_))), "{refused:?}");
    config.max_bytes = -1;
    jetstream.update_stream(config).await.unwrap();
    owner.append(&record).await.unwrap();
    dense(&owner.said().await.unwrap());
}

#[tokio::test]
async fn a_server_that_freezes_or_dies_in_the_middle_stores_each_record_once() {
    let mut server = NatsServer::start().await.unwrap();
    let account = HubAccount::new(server.site()).await.unwrap();
    let jetstream = jetstream::new(account.connect().await.unwrap());
    streams(&jetstream, 1).await.unwrap();
    let mut owner = Writer::new(&jetstream).await.unwrap();
    owner.create().await.unwrap();
    let writing = tokio::spawn(async move {
        for n in 0..300 {
            let record = owner.record(vec![token(&n.to_string())]).unwrap();
            owner.append(&record).await.unwrap();
        }
        owner
    });
    for round in 0..3 {
        tokio::time::sleep(Duration::from_millis(40)).await;
        if round == 1 {
            server.kill().unwrap();
            server.restart().await.unwrap();
        } else {
            server.freeze().unwrap();
            tokio::time::sleep(Duration::from_millis(700)).await; // longer than a writer waits for an answer
            server.thaw().unwrap();
        }
    }
    let owner = writing.await.unwrap();
    let said = owner.said().await.unwrap();
    assert_eq!(said.len(), 301);
    dense(&said);
}

#[tokio::test]
async fn the_fence_holds_on_a_cluster_of_three() {
    let (_cluster, _account, jetstream) = cluster().await;
    rivals(&jetstream).await;
    zombie(&jetstream).await;
    loading(&jetstream).await;
}

#[tokio::test]
async fn a_lost_quorum_is_not_an_answer() {
    let (mut cluster, account, jetstream) = cluster().await;
    let mut owner = Writer::new(&jetstream).await.unwrap();
    owner.create().await.unwrap();
    let leader = jetstream.get_stream(Stream::Runs.as_str()).await.unwrap().get_info().await.unwrap();
    let leader = leader.cluster.unwrap().leader.unwrap();
    let leader = (0..3).find(|&node| cluster.name(node) == leader).unwrap();
    let over_leader = jetstream::new(account.connect_to(&cluster.urls()[leader]).await.unwrap());
    let mut owner = owner.over(&over_leader).await.unwrap();
    let mut heir = owner.clone();
    let followers: Vec<usize> = (0..3).filter(|&node| node != leader).collect();
    for &node in &followers {
        cluster.freeze(node).unwrap();
    }
    // Two want to go on; neither may be told that it is fenced, or that it got in, while nobody can know.
    let first = owner.record(vec![token("first")]).unwrap();
    let early = owner.append_within(&first, Duration::from_secs(2)).await;
    assert!(matches!(early, Err(AppendError::Unknown { .. })), "{early:?}");
    let rival = Writer { attempt: heir.attempt + 1, ..heir.clone() }.record(vec![attempted()]).unwrap();
    let also = heir.append_within(&rival, Duration::from_secs(2)).await;
    assert!(matches!(also, Err(AppendError::Unknown { .. })), "{also:?}");
    for &node in &followers {
        cluster.thaw(node).unwrap();
    }
    // Healed, each repeats what it said: one is in, the other is fenced, and the log has no gap.
    let (one, other) = tokio::join!(owner.append(&first), heir.append(&rival));
    let fenced = |outcome: &Result<(), AppendError>| matches!(outcome, Err(AppendError::Fenced { .. }));
    assert!((one.is_ok() && fenced(&other)) || (other.is_ok() && fenced(&one)), "{one:?} {other:?}");
    let said = owner.said().await.unwrap();
    assert_eq!(said.len(), 2, "{said:?}");
    dense(&said);
}
