//! What was accepted is done once, whatever dies between the answer and the start.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use async_nats::jetstream::{self, Context};
use futures::future::join_all;
use reqwest::Method;
use sba_subjects::{id::RunId, stream::Stream};
use sba_tests::{
    api::{User, until},
    model::{Turn, prompt},
    scene::{PATIENCE, Run, Scene},
};
use serde_json::{Value, json};
use tokio::sync::watch;

/// A run that creates one task.
fn body(word: &str) -> Value {
    let create = Turn::calls([("task_create", json!({"title": word}))]);
    json!({"prompt": prompt(word, [create]), "workflow": "agentic"})
}

async fn post(user: &User, gateway: &str, key: &str, body: &Value) -> anyhow::Result<(u16, Value)> {
    let request = user.request(Method::POST, &format!("{gateway}/api/v1/runs"));
    user.send(request.header("idempotency-key", key).json(body)).await
}

async fn tasks(user: &User, gateway: &str) -> u64 {
    let (status, tasks) = user.get(&format!("{gateway}/api/v1/tasks")).await.unwrap();
    assert_eq!(status, 200, "{tasks}");
    tasks["meta"]["total"].as_u64().unwrap()
}

/// Takes what a run has out of a stream, as if it had never been stored there.
async fn lose(jetstream: &Context, stream: Stream, run: &Value) {
    let run: RunId = run.as_str().unwrap().parse().unwrap();
    let family = if stream == Stream::Cmds { "cmd" } else { "run" };
    let subject = format!("sba.*.{family}.{}.{run}.*", run.partition());
    let stream = jetstream.get_stream(stream.as_str()).await.unwrap();
    let purged = stream.purge().filter(subject).await.unwrap();
    assert_eq!(purged.purged, 1, "it was there");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_dies_between_the_answer_and_the_start() {
    let mut scene = Scene::start(json!({})).await.unwrap();
    let user = scene.tenant(json!({})).await.unwrap();
    let jetstream = jetstream::new(scene.stack.hub().connect().await.unwrap());
    // Nobody starts anything for now.
    for orchestrator in scene.stack.orchestrators() {
        orchestrator.freeze().unwrap();
    }
    let urls = scene.urls.clone();
    let first = post(&user, &urls[0], "whole", &body("whole")).await.unwrap();
    let uncommanded = post(&user, &urls[0], "uncommanded", &body("uncommanded")).await.unwrap();
    let unrecorded = post(&user, &urls[0], "unrecorded", &body("unrecorded")).await.unwrap();
    assert_eq!((first.0, uncommanded.0, unrecorded.0), (201, 201, 201), "{first:?}");
    scene.stack.gateways()[0].kill().unwrap();
    // As a gateway leaves it that died when it had stored one of the two.
    lose(&jetstream, Stream::Cmds, &uncommanded.1["run_id"]).await;
    lose(&jetstream, Stream::Runs, &unrecorded.1["run_id"]).await;
    // The client that got no answer asks again.
    assert_eq!(post(&user, &urls[1], "whole", &body("whole")).await.unwrap(), first);
    assert_eq!(post(&user, &urls[1], "uncommanded", &body("uncommanded")).await.unwrap(), uncommanded);
    let (status, refused) = post(&user, &urls[1], "whole", &body("another")).await.unwrap();
    assert_eq!((status, refused["error"]["code"].as_str()), (409, Some("idempotency_conflict")));
    for orchestrator in scene.stack.orchestrators() {
        orchestrator.thaw().unwrap();
    }
    for run in [first, uncommanded, unrecorded] {
        let run = Run::known(&scene.urls, &user, &run.1["run_id"]).unwrap();
        let there = until("the run", PATIENCE, async || Ok(run.seen().await.ok().map(drop)));
        there.await.unwrap();
        assert_eq!(run.end().await.unwrap().how(), ("completed", ""));
    }
    assert_eq!(tasks(&user, &urls[1]).await, 3, "each has had its effect once");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_dies_while_it_accepts() {
    let mut scene = Scene::start(json!({})).await.unwrap();
    let user = scene.tenant(json!({})).await.unwrap();
    let urls = scene.urls.clone();
    let (answered, mut answers) = watch::channel(0);
    let (dead, death) = watch::channel(false);
    let clients = (0..40).map(|n| {
        let (user, urls, answered, mut death) = (user.clone(), urls.clone(), answered.clone(), death.clone());
        tokio::spawn(async move {
            let key = format!("key-{n}");
            // One comes when it is too late in any case.
            if n == 39 {
                death.wait_for(|dead| *dead).await.unwrap();
            }
            // At the one that dies, and, where that gives no answer, at the other.
            match post(&user, &urls[0], &key, &body(&key)).await {
                Ok((201, started)) => {
                    answered.send_modify(|count| *count += 1);
                    (started, true)
                }
                _ => (post(&user, &urls[1], &key, &body(&key)).await.unwrap().1, false),
            }
        })
    });
    let clients: Vec<_> = clients.collect();
    answers.wait_for(|count| *count > 0).await.unwrap();
    scene.stack.gateways()[0].kill().unwrap();
    dead.send_replace(true);
    let started = join_all(clients).await.into_iter().map(Result::unwrap);
    let (mut here, mut runs) = (0, Vec::new());
    for (run, by_the_first) in started {
        here += usize::from(by_the_first);
        runs.push(run["run_id"].clone());
    }
    assert!((1..40).contains(&here), "it died in the middle: {here}");
    for run in &runs {
        let ended = Run::known(&scene.urls, &user, run).unwrap().end().await.unwrap();
        assert_eq!(ended.how(), ("completed", ""), "{ended:?}");
    }
    assert_eq!(tasks(&user, &urls[1]).await, 40, "each has had its effect once");
}
