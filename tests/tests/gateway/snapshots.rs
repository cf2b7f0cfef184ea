//! Watching a run from where it stands.

use sba_subjects::{
    event::{Event, StepStarted, Token},
    run::StepKind,
};
use sba_tests::run_log::Writer;
use serde_json::{Value, json};

use super::{
    stream::{finish, started},
    support::{House, Socket, event, house, house_with, refusal, seqs, to_the_end},
};

async fn open(house: &House, path: String) -> Socket {
    let bearer = format!("Bearer {}", house.member());
    house.try_open(&path, &[("authorization", &bearer)]).await.unwrap()
}

#[tokio::test]
async fn a_viewer_may_begin_with_the_run_as_it_stands() {
    let house = house().await;
    let (run, mut writer) = started(&house).await;
    let step = StepStarted { kind: StepKind::Model, name: "write".to_owned(), input: Value::Null };
    let token = |text: &str, index| Event::Token(Token { text: text.to_owned(), index, count: 1 });
    let said = vec![Event::StepStarted(step), token("Invoices ", 0), token("are ", 1)];
    writer.append(&writer.record_of(Some(1), None, said).unwrap()).await.unwrap();
    let mut socket = open(&house, format!("/runs/{run}/stream?from=snapshot")).await;
    let snapshot = event(&mut socket).await;
    assert_eq!((&snapshot["type"], &snapshot["run"]), (&json!("snapshot"), &json!(run)));
    let payload = &snapshot["payload"];
    assert_eq!((&payload["seq"], &payload["run"]["seq"]), (&json!(5), &json!(5)));
    assert_eq!(payload["run"]["steps"][0]["text"], "Invoices are ");
    assert_eq!(payload["run"], house.get(&format!("/runs/{run}")).await.1, "as it is shown elsewhere");

    writer.append(&writer.record_of(Some(1), None, vec![token("paid.", 2)]).unwrap()).await.unwrap();
    let next = event(&mut socket).await;
    assert_eq!((&next["seq"], &next["payload"]["text"]), (&json!(6), &json!("paid.")));
    // A second one is given its own, with what was said since.
    let mut second = open(&house, format!("/runs/{run}/stream?from=snapshot")).await;
    let mut seen = event(&mut second).await["payload"]["seq"].as_u64().unwrap();
    while seen < 6 {
        seen += 1;
        assert_eq!(event(&mut second).await["seq"], seen);
    }
}

#[tokio::test]
async fn one_who_is_too_far_behind_is_given_a_snapshot_in_place_of_the_history() {
    let house = house_with(|config| config.gateway.ring_events = 16).await;
    let (run, mut writer) = started(&house).await;
    // It holds the run in memory.
    let mut first = house.watch(run, 0).await;
    say_in_step(&mut writer, 100).await;
    while event(&mut first).await["seq"] != writer.seq - 1 {}
    let mut behind = open(&house, format!("/runs/{run}/stream?from=snapshot&after=2")).await;
    let snapshot = event(&mut behind).await;
    assert_eq!((&snapshot["type"], &snapshot["payload"]["seq"]), (&json!("snapshot"), &json!(writer.seq - 1)));
    let near = writer.seq - 3;
    let mut near_by = open(&house, format!("/runs/{run}/stream?from=snapshot&after={near}")).await;
    assert_eq!(event(&mut near_by).await["seq"], near + 1, "what follows is in memory");
    let last = writer.seq;
    finish(&mut writer).await;
    let (events, code) = to_the_end(&mut behind).await;
    assert_eq!((seqs(&events), code), (vec![last], 1000));
}

async fn say_in_step(writer: &mut Writer, tokens: u64) {
    let step = StepStarted { kind: StepKind::Model, name: "write".to_owned(), input: Value::Null };
    writer.append(&writer.record_of(Some(1), None, vec![Event::StepStarted(step)]).unwrap()).await.unwrap();
    for index in 0..tokens {
        let token = Event::Token(Token { text: "x".to_owned(), index, count: 1 });
        writer.append(&writer.record_of(Some(1), None, vec![token]).unwrap()).await.unwrap();
    }
}

#[tokio::test]
async fn a_run_that_has_ended_is_one_snapshot_and_a_query_that_is_none_is_refused() {
    let house = house().await;
    let (run, mut writer) = started(&house).await;
    say_in_step(&mut writer, 3).await;
    finish(&mut writer).await;
    let mut socket = open(&house, format!("/runs/{run}/stream?from=snapshot")).await;
    let (said, code) = to_the_end(&mut socket).await;
    assert_eq!((said.len(), code), (1, 1000), "{said:?}");
    assert_eq!(said[0]["payload"]["run"]["status"], "completed");
    let bearer = format!("Bearer {}", house.member());
    for query in ["from=middle", "from=", "after=-1", "until=3"] {
        let opened = house.try_open(&format!("/runs/{run}/stream?{query}"), &[("authorization", &bearer)]).await;
        assert_eq!(refusal(opened).0, 400, "{query}");
    }
}
