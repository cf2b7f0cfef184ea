//! A tenant that asks for much: what is beyond its share of a queue waits apart, and nobody else waits for it.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use futures::{StreamExt as _, future::join_all, stream};
use sba_subjects::{consumer, name::Queue, share::SharedQueue, stream::Stream, subject::Subject};
use sba_tests::{
    api::{User, until},
    model::Turn,
    scene::{PATIENCE, Run, Scene},
};
use serde_json::json;

/// Runs and documents of the tenant that asks for much: more than all places of both orchestrators take.
const MUCH: usize = 24;
/// Uploads at the same time.
const AT_ONCE: usize = 4;

async fn many(scene: &Scene, user: &User) -> Vec<Run> {
    let words: String = (1..=600).map(|n| format!("word{n} ")).collect();
    let runs = (0..MUCH).map(|n| {
        let turn = Turn::slowly(words.clone(), 1_000);
        async move { scene.run(user, &format!("goes-on-{n}"), [turn]).await.unwrap() }
    });
    join_all(runs).await
}

/// How many starts stand within shares, and how many beyond.
async fn standing(scene: &Scene) -> (usize, usize) {
    let jetstream = async_nats::jetstream::new(scene.stack.hub().connect().await.unwrap());
    let stream = jetstream.get_stream(Stream::Cmds.as_str()).await.unwrap();
    let mut counted = (0, 0);
    let mut subjects = stream.info_with_subjects("sba.>").await.unwrap();
    while let Some(subject) = subjects.next().await {
        match subject.unwrap().0.parse().unwrap() {
            subject @ Subject::Cmd { .. } if SharedQueue::of(&subject).is_some() => counted.0 += 1,
            Subject::Surplus(_) => counted.1 += 1,
            _ => {}
        }
    }
    counted
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_begins_though_another_tenant_has_started_more_than_all_places_take() {
    let settings = json!({
        "orchestrator": {"max_runs": 3, "max_surplus_runs": 2},
        "shares": {"runs": 2, "index": 1},
    });
    let scene = Scene::start(settings).await.unwrap();
    let (much, little) = (scene.tenant(json!({})).await.unwrap(), scene.tenant(json!({})).await.unwrap());
    let runs = many(&scene, &much).await;
    let (within, beyond) = standing(&scene).await;
    assert_eq!(within + beyond, MUCH);
    // What was under way when the queue was asked for the first time is not counted.
    assert!(within <= 3, "{within} are within a share of 2");

    let run = scene.run(&little, "is-short", [Turn::says("Done.")]).await.unwrap();
    assert_eq!(run.end().await.unwrap().how(), ("completed", ""));

    // A run that waits beyond the share is shown, and can be cancelled.
    for run in &runs {
        let seen = run.seen().await.unwrap();
        assert!(["created", "running"].contains(&seen["status"].as_str().unwrap()), "{seen}");
    }
    for run in &runs {
        assert_eq!(run.tell("cancel", json!({})).await.unwrap().0, 202);
    }
    for run in &runs {
        assert_eq!(run.end().await.unwrap().how().0, "cancelled");
    }
    until("the queue to be empty", PATIENCE, async || Ok((standing(&scene).await == (0, 0)).then_some(())))
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn documents_beyond_a_share_are_indexed_too() {
    let scene =
        Scene::start(json!({"shares": {"index": 1}, "worker": {"surplus_concurrency": {"index": 1}}})).await.unwrap();
    let user = scene.tenant(json!({})).await.unwrap();
    let documents = (0..MUCH).map(|n| {
        let text = format!("# Paper {n}\n\nPaper {n} is about the number {n}.\n").repeat(20);
        let (user, url) = (user.clone(), scene.urls[n % scene.urls.len()].clone());
        async move { user.document(&url, &format!("paper-{n}.md"), text.into_bytes(), PATIENCE).await.unwrap() }
    });
    // As many uploads at once as a tenant may have.
    let indexed: Vec<_> = stream::iter(documents).buffer_unordered(AT_ONCE).collect().await;
    for document in indexed {
        assert_eq!(document["status"], "indexed", "{document}");
    }
    let jetstream = async_nats::jetstream::new(scene.stack.hub().connect().await.unwrap());
    let jobs = jetstream.get_stream(Stream::Jobs.as_str()).await.unwrap();
    let surplus = jobs.consumer_info(consumer::surplus_of(Queue::Index)).await.unwrap();
    assert!(surplus.delivered.consumer_sequence > 0, "nothing was beyond the share");
}
