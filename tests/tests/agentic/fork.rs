//! Runs that branch off from others.

use async_nats::jetstream;
use sba_service::{
    clock::{Clock as _, SystemClock},
    publish,
};
use sba_subjects::{
    command::{Command, CommandBody},
    envelope::VERSION,
    event::{Created, Event, ForkOf},
    id::{CommandId, RunId, TenantKey},
    record,
    stream::Stream,
    subject::Subject,
};
use sba_tests::{
    api::User,
    model::Turn,
    scene::{PATIENCE, Run, Scene},
};
use serde_json::json;
use uuid::Uuid;

/// Starts a run that takes over the first steps of another, as an operator would.
async fn fork(scene: &Scene, user: &User, source: &Run, step: u32) -> Run {
    let jetstream = jetstream::new(scene.stack.hub().connect().await.unwrap());
    let runs = jetstream.get_stream(Stream::Runs.as_str()).await.unwrap();
    let run = RunId::from_uuid(source.id);
    let events = format!("sba.*.run.{}.{run}.ev", run.partition());
    let first = runs.raw_message_builder().next_by_subject(events).sequence(1).send().await.unwrap();
    let subject: Subject = first.subject.as_str().parse().unwrap();
    let tenant: TenantKey = subject.tenant().unwrap().clone();
    let Event::Created(created) = record::open(&first.payload).unwrap().remove(0).payload else {
        unreachable!("a log begins with `created`")
    };
    let created = Created { fork_of: Some(ForkOf { run, step }), ..created };
    let id = RunId::from_uuid(Uuid::new_v4());
    let body = CommandBody::Start(created);
    let command = Command { v: VERSION, id: CommandId::from_uuid(Uuid::new_v4()), ts: SystemClock.now_millis(), body };
    let subject = Subject::Cmd { tenant, run: id, verb: command.body.verb() };
    publish::message(&jetstream, &subject, &command, PATIENCE).await.unwrap();
    let run = Run::known(&scene.urls, user, &json!(id)).unwrap();
    let there = sba_tests::api::until("the fork", PATIENCE, async || Ok(run.seen().await.ok().map(drop)));
    there.await.unwrap();
    run
}

pub(crate) async fn a_fork_takes_over_what_was_recorded(scene: &Scene) {
    let user = scene.tenant(json!({})).await.unwrap();
    let create = |title: &str| Turn::calls([("task_create", json!({"title": title}))]);
    let source = scene.run(&user, "branches", [create("First"), create("Second")]).await.unwrap();
    assert_eq!(source.end().await.unwrap().how(), ("completed", ""));
    let count = async || {
        let (_, tasks) = user.get(&format!("{}/api/v1/tasks", scene.urls[0])).await.unwrap();
        tasks["meta"]["total"].as_u64().unwrap()
    };
    assert_eq!(count().await, 2);
    // Steps: think, create, think, create, think. The first two are taken over.
    let ended = fork(scene, &user, &source, 2).await.end().await.unwrap();
    assert_eq!(ended.how(), ("completed", ""), "{ended:?}");
    assert_eq!(count().await, 3, "the first is not created again, the second is");
    let usage =
        |ended: &sba_tests::scene::Ended| ended.events.last().unwrap().payload["usage"]["output_tokens"].as_u64();
    assert!(usage(&ended) < usage(&source.end().await.unwrap()), "what was taken over is paid for");
    // One that branches off further than its source came is told so.
    let ended = fork(scene, &user, &source, 99).await.end().await.unwrap();
    assert_eq!(ended.how(), ("failed", "fork_source_missing"));
}
