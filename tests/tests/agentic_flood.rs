//! A run that is given more commands than it can do anything with.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;

use async_nats::jetstream;
use futures::{StreamExt as _, stream};
use sba_service::publish;
use sba_subjects::{
    command::{Command, CommandBody},
    envelope::VERSION,
    id::{CommandId, RunId, UserId},
    stream::Stream,
    subject::Subject,
};
use sba_tests::{
    api::until,
    model::Turn,
    scene::{PATIENCE, Run, Scene},
};
use serde_json::json;
use uuid::Uuid;

/// Commands that come through a gateway, which refuses what the run cannot do.
const ASKED_FOR: usize = 1_000;
/// Commands that stand in the queue, whatever the run can do.
const QUEUED: usize = 9_000;
/// Of each at the same time.
const AT_ONCE: usize = 64;

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_commands_for_one_run_harm_nobody() {
    let scene = Scene::start(json!({})).await.unwrap();
    let (user, neighbour) = (scene.tenant(json!({})).await.unwrap(), scene.tenant(json!({})).await.unwrap());
    let ask = json!({"question": "Which supplier?", "options": ["Acme", "Bolt"]});
    let run = scene.run(&user, "flooded", [Turn::calls([("ask_person", ask)])]).await.unwrap();
    run.until("waiting_input").await.unwrap();
    let neighbours = async {
        for n in 0..10 {
            let other = scene.run(&neighbour, &format!("neighbour-{n}"), [Turn::says("Fine.")]).await.unwrap();
            assert_eq!(other.end().await.unwrap().how(), ("completed", ""));
        }
    };
    let (answers, stored, ()) = tokio::join!(asked_for(&run), queued(&scene, &run), neighbours);
    assert!(answers.keys().all(|status| [202, 409, 429].contains(status)), "{answers:?}");
    println!("{answers:?}; {stored} of {QUEUED} were taken into the queue");
    // The run still does what it is told.
    let still = until("the run to be told", PATIENCE, async || {
        if run.seen().await?["status"] == "paused" {
            run.tell("resume", json!({})).await?;
        }
        Ok((run.tell("continue", json!({"input": "Bolt"})).await?.0 != 429).then_some(()))
    });
    still.await.unwrap();
    let ended = until("the end", PATIENCE, async || {
        let seen = run.seen().await?;
        if seen["status"] == "paused" {
            run.tell("resume", json!({})).await?;
        }
        Ok((seen["status"] == "completed").then_some(seen))
    });
    let seen = ended.await.unwrap();
    let ended = run.end().await.unwrap();
    assert!(!ended.refusals().is_empty() && ended.refusals().len() <= 32, "{} refusals", ended.refusals().len());
    assert!(seen["seq"].as_u64().unwrap() < 10_000, "{seen}");
}

/// Pausing a paused run, resuming one that is not, and answers that the question does not allow; how they were answered.
async fn asked_for(run: &Run) -> BTreeMap<u16, usize> {
    let asked = stream::iter(0..ASKED_FOR).map(|n| async move {
        let (verb, body) = match n % 3 {
            0 => ("continue", json!({"input": format!("Cellar {n}")})),
            1 => ("pause", json!({})),
            _ => ("resume", json!({})),
        };
        run.tell(verb, body).await.unwrap().0
    });
    asked
        .buffer_unordered(AT_ONCE)
        .fold(BTreeMap::new(), |mut answers, status| async move {
            *answers.entry(status).or_default() += 1;
            answers
        })
        .await
}

/// The same, as if no gateway looked at them; how many found room.
async fn queued(scene: &Scene, run: &Run) -> usize {
    let jetstream = jetstream::new(scene.stack.hub().connect().await.unwrap());
    let id = RunId::from_uuid(run.id);
    let runs = jetstream.get_stream(Stream::Runs.as_str()).await.unwrap();
    let last = runs.get_last_raw_message_by_subject(&format!("sba.*.run.{}.{id}.ev", id.partition())).await.unwrap();
    let tenant = last.subject.as_str().parse::<Subject>().unwrap().tenant().unwrap().clone();
    let commands = stream::iter(0..QUEUED).map(|n| {
        let (jetstream, tenant) = (&jetstream, tenant.clone());
        async move {
            let user_id = UserId::from_uuid(Uuid::nil());
            let body = match n % 3 {
                0 => CommandBody::Input { user_id, ask_id: None, input: json!(n) },
                1 => CommandBody::Pause,
                _ => CommandBody::Resume,
            };
            let subject = Subject::Cmd { tenant, run: id, verb: body.verb() };
            let command = Command { v: VERSION, id: CommandId::from_uuid(Uuid::new_v4()), ts: 0, body };
            publish::message(jetstream, &subject, &command, PATIENCE).await.is_ok()
        }
    });
    commands.buffer_unordered(AT_ONCE).filter(|stored| std::future::ready(*stored)).count().await
}
