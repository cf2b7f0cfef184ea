//! Effects: what is to happen once at most does, and what may be repeated is, under the same key.

use sba_tests::{
    api::until,
    chaos::site::{PATIENCE, Site},
    model::Turn,
    scene::Run,
};
use serde_json::json;

pub(crate) async fn a_worker_dies_in_the_middle_of_an_effect(site: &mut Site) {
    let world = site.world.clone();
    let once = ("task_update", json!({"task_id": uuid::Uuid::nil(), "title": "at most once"}));
    let again = ("task_complete", json!({"task_id": uuid::Uuid::nil()}));
    // The world acts, and its answer never comes.
    world.ledger.hold();
    let turn = Turn::calls([once, again]);
    let run = Run::start(&world.urls, &world.quick, json!({}), "effects", [turn]).await.unwrap();
    let of = |step: u32| world.ledger.of(run.id, step);
    let acted = until("both effects", PATIENCE, async || Ok(of(2).and(of(3)).map(drop)));
    acted.await.unwrap();
    for name in ["worker-1", "worker-2"] {
        site.process(name).unwrap().kill().unwrap();
    }
    world.ledger.answer();
    for name in ["worker-1", "worker-2"] {
        site.process(name).unwrap().restart().await.unwrap();
    }
    // Nobody knows of the first: a person is asked, and nothing is repeated meanwhile.
    let asks = run.until("waiting_input").await.unwrap()["asks"].clone();
    assert_eq!((&asks[0]["kind"], &asks[0]["options"][0]), (&json!("question"), &json!("it took place")), "{asks}");
    let answer = json!({"ask_id": asks[0]["ask_id"], "input": "it took place"});
    assert_eq!(run.tell("continue", answer).await.unwrap().0, 202);
    let ended = run.end().await.unwrap();
    assert_eq!(ended.how(), ("completed", ""), "{ended:?}");
    let (once, again) = (of(2).unwrap(), of(3).unwrap());
    assert_eq!((once.times, once.keys.len()), (1, 1), "{once:?}");
    assert_eq!((again.times, again.keys.len()), (2, 1), "repeated, under the same key: {again:?}");
}
