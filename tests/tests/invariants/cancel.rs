//! Cancelled means stopped.

use async_nats::jetstream;
use sba_subjects::stream::Stream;
use sba_tests::{
    api::until,
    chaos::site::{PATIENCE, Site},
    model::Turn,
    scene::Run,
};
use serde_json::json;

fn update() -> Turn {
    Turn::calls([("task_update", json!({"task_id": uuid::Uuid::nil(), "title": "cancelled"}))])
}

/// While no worker takes it, a call stands in its queue: it is taken out, and never made.
pub(crate) async fn a_queued_call_is_taken_back(site: &mut Site) {
    let world = site.world.clone();
    let jetstream = jetstream::new(site.stack.hub().connect().await.unwrap());
    let queued = async |count: u64| {
        let what = format!("{count} queued calls");
        let look = until(&what, PATIENCE, async || {
            let jobs = jetstream.get_stream(Stream::Jobs.as_str()).await?;
            Ok((jobs.cached_info().state.messages == count).then_some(()))
        });
        look.await.unwrap();
    };
    queued(0).await;
    for name in ["worker-1", "worker-2"] {
        site.process(name).unwrap().freeze().unwrap();
    }
    let run = Run::start(&world.urls, &world.quick, json!({}), "taken-back", [update()]).await.unwrap();
    queued(1).await;
    assert_eq!(run.tell("cancel", json!({})).await.unwrap().0, 202);
    queued(0).await;
    let ended = run.end().await.unwrap();
    assert_eq!(ended.how(), ("cancelled", "cancelled"), "{ended:?}");
    for name in ["worker-1", "worker-2"] {
        site.process(name).unwrap().thaw().unwrap();
    }
    site.ready().await.unwrap();
    // The workers do the next call, so they would have done that one.
    let next = Run::start(&world.urls, &world.quick, json!({}), "not-taken-back", [update()]).await.unwrap();
    assert_eq!(next.end().await.unwrap().how(), ("completed", ""));
    assert!(world.ledger.of(next.id, 2).is_some() && world.ledger.of(run.id, 2).is_none());
}

/// The world acts, and its answer does not come: the run does not wait for it, and says that nobody knows.
pub(crate) async fn a_call_that_is_made_is_stopped_and_said_to_be_unknown(site: &mut Site) {
    let world = site.world.clone();
    world.ledger.hold();
    let run = Run::start(&world.urls, &world.quick, json!({}), "unknown", [update()]).await.unwrap();
    let acted = until("the effect", PATIENCE, async || Ok(world.ledger.of(run.id, 2).map(drop)));
    acted.await.unwrap();
    assert_eq!(run.tell("cancel", json!({})).await.unwrap().0, 202);
    let ended = run.end().await.unwrap();
    world.ledger.answer();
    assert_eq!(ended.how(), ("cancelled", "cancelled"), "{ended:?}");
    let statuses: Vec<_> = ended.all("status").map(|event| event.payload["status"].clone()).collect();
    assert!(statuses.contains(&json!("cancelling")), "{statuses:?}");
    let call = ended.all("tool_request").next().unwrap().payload["call_id"].clone();
    let done = &ended.events.last().unwrap().payload;
    let unknown = ended.step_codes() == ["effect_unknown"] || done["unconfirmed"] == json!([call]);
    assert!(unknown, "what nobody knows is named: {ended:?}");
    assert_eq!(world.ledger.of(run.id, 2).unwrap().times, 1);
}

pub(crate) async fn no_token_follows(site: &mut Site) {
    let world = site.world.clone();
    let words: String = (1..=1_000).map(|n| format!("word{n} ")).collect();
    // It would speak on for minutes.
    let turn = Turn::slowly(words, 200);
    let run = Run::start(&world.urls, &world.quick, json!({}), "no-token", [turn]).await.unwrap();
    run.until_said("token").await.unwrap();
    assert!(world.model.speaking() > 0);
    assert_eq!(run.tell("cancel", json!({})).await.unwrap().0, 202);
    let ended = run.end().await.unwrap();
    assert_eq!(ended.how(), ("cancelled", "cancelled"), "{ended:?}");
    let cancelling = ended.events.iter().position(|event| event.payload["status"] == "cancelling").unwrap();
    assert!(ended.events[cancelling..].iter().all(|event| event.r#type != "token"), "{ended:?}");
    let soon = std::time::Duration::from_secs(20);
    let silent = until("the model to be let go", soon, async || Ok((world.model.speaking() == 0).then_some(())));
    silent.await.unwrap();
}
