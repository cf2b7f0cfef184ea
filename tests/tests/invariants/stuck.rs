//! Nothing is stuck: who dies with something in hand leaves it to others.

use futures::future::join_all;
use sba_tests::{
    api::until,
    chaos::site::{PATIENCE, PROCESSES, Site},
    model::Turn,
    scene::Run,
};
use serde_json::json;

pub(crate) async fn everybody_dies_and_every_run_ends(site: &mut Site) {
    let turns = |n: usize| {
        let say = "One moment, this takes a while. ".repeat(n % 3 * 4);
        let calls =
            Turn::calls([("task_create", json!({"title": "Pay"})), ("task_complete", json!({"task_id": nil()}))]);
        let ask = Turn::calls([("ask_person", json!({"question": "Whom?"}))]);
        let last = if n.is_multiple_of(2) { ask } else { Turn::says("Fine.") };
        [Turn { say, pause_ms: 20, ..calls }, last]
    };
    let start = |n: usize| {
        let (urls, user) = (site.world.urls.clone(), site.world.quick.clone());
        async move { Run::start(&urls, &user, json!({}), &format!("stuck-{n}"), turns(n)).await.unwrap() }
    };
    let runs = join_all((0..12).map(start)).await;
    runs[1].until_said("token").await.unwrap();
    for name in PROCESSES {
        site.process(name).unwrap().kill().unwrap();
    }
    for name in PROCESSES {
        site.process(name).unwrap().restart().await.unwrap();
    }
    let ended = runs.iter().enumerate().map(|(n, run)| async move {
        if n.is_multiple_of(2) {
            run.until("waiting_input").await.unwrap();
            assert_eq!(run.tell("continue", json!({"input": "Ann"})).await.unwrap().0, 202);
        }
        let ended = run.end().await.unwrap();
        assert_eq!(ended.how(), ("completed", ""), "{ended:?}");
    });
    join_all(ended).await;
}

fn nil() -> uuid::Uuid {
    uuid::Uuid::nil()
}

/// A call that is taken out of the queue while others of the queue are under way: the workers die, and those others are
/// given to the next.
pub(crate) async fn a_cancelled_call_takes_no_other_with_it(site: &mut Site) {
    let world = site.world.clone();
    let complete = || Turn::calls([("task_complete", json!({"task_id": nil()}))]);
    let create = Turn::calls([("task_create", json!({"title": "Pay"}))]);
    let start =
        async |word: &str, turn: Turn| Run::start(&world.urls, &world.quick, json!({}), word, [turn]).await.unwrap();
    let under_way = async |run: &Run| {
        let entered = until("the call", PATIENCE, async || Ok(world.ledger.of(run.id, 2).map(drop)));
        entered.await.unwrap();
    };
    world.ledger.hold();
    let waits = start("waits", complete()).await;
    under_way(&waits).await;
    let cancelled = start("cancelled", complete()).await;
    under_way(&cancelled).await;
    assert_eq!(cancelled.tell("cancel", json!({})).await.unwrap().0, 202);
    assert_eq!(cancelled.end().await.unwrap().how(), ("cancelled", "cancelled"));
    assert_eq!(start("goes-by", create).await.end().await.unwrap().how(), ("completed", ""));
    for name in ["worker-1", "worker-2"] {
        site.process(name).unwrap().kill().unwrap();
    }
    world.ledger.answer();
    for name in ["worker-1", "worker-2"] {
        site.revive(name).await.unwrap();
    }
    assert_eq!(waits.end().await.unwrap().how(), ("completed", ""));
    assert_eq!(world.ledger.of(waits.id, 2).unwrap().times, 2, "it was given to another worker");
}
