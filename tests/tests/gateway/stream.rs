//! Watching runs: nothing is left out and nothing is said twice.

use std::time::Duration;

use sba_gateway::auth::Role;
use sba_service::config::Millis;
use sba_store::runs::{self, NewRun, RunUpdate};
use sba_subjects::{
    event::{Done, Event},
    id::{RunId, UserId},
    run::{RunStatus, Usage},
    stream::Stream,
};
use sba_tests::run_log::{Writer, token};
use serde_json::json;
use time::OffsetDateTime;
use tokio::time::{sleep, timeout};
use uuid::Uuid;

use super::support::{DEADLINE, House, event, house, house_with, refusal, seqs, to_the_end};

pub(crate) async fn finish(writer: &mut Writer) {
    let done = Done {
        run_id: writer.run,
        status: RunStatus::Completed,
        usage: Usage::default(),
        error: None,
        unconfirmed: vec![],
    };
    writer.append(&writer.record(vec![Event::Done(done)]).unwrap()).await.unwrap();
}

/// Says so many tokens, one to five a record.
pub(crate) async fn say(writer: &mut Writer, tokens: u64) {
    let until = writer.seq + tokens;
    while writer.seq < until {
        let count = (writer.seq % 5 + 1).min(until - writer.seq);
        let events = (0..count).map(|n| token(&format!("{} ", writer.seq + n))).collect();
        writer.append(&writer.record(events).unwrap()).await.unwrap();
    }
}

pub(crate) async fn started(house: &House) -> (RunId, Writer) {
    let run = house.start(&json!({"prompt": "a"})).await;
    let mut writer = house.writer(run).await;
    writer.take().await.unwrap().unwrap();
    (run, writer)
}

/// A run of which only rows are left; it goes on, as far as they say.
pub(crate) async fn without_log(house: &House) -> RunId {
    let run = RunId::from_uuid(Uuid::from_u128(77));
    let at = OffsetDateTime::UNIX_EPOCH;
    let mut tx = house.store.begin(house.tenant.id()).await.unwrap();
    let new = NewRun {
        id: run,
        seq: 1,
        at,
        user_id: UserId::from_uuid(Uuid::from_u128(7)),
        session_id: None,
        workflow: "render".to_owned(),
        prompt: "a".to_owned(),
        request: json!({}),
    };
    runs::write(&mut tx, &[new], &[]).await.unwrap();
    tx.commit().await.unwrap();
    run
}

/// And it has ended with event 9.
pub(crate) async fn ends_without_log(house: &House, run: RunId) {
    let mut tx = house.store.begin(house.tenant.id()).await.unwrap();
    let done = RunUpdate { status: Some(RunStatus::Failed), ..RunUpdate::new(run, 9, OffsetDateTime::UNIX_EPOCH) };
    runs::write(&mut tx, &[], &[done]).await.unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn viewers_that_join_at_any_time_see_everything_once() {
    let house = house_with(|config| config.gateway.ring_events = 32).await;
    let (run, mut writer) = started(&house).await;
    let speak = async {
        say(&mut writer, 2_000).await;
        finish(&mut writer).await;
    };
    let view = |wait: u64, after: u64| {
        let house = &house;
        async move {
            sleep(Duration::from_millis(wait)).await;
            let mut socket = house.watch(run, after).await;
            let (events, code) = to_the_end(&mut socket).await;
            assert_eq!(seqs(&events), (after + 1..=2_003).collect::<Vec<_>>(), "joined after {wait} ms");
            assert_eq!((code, events.last().unwrap()["type"].as_str()), (1000, Some("done")));
        }
    };
    tokio::join!(speak, view(0, 0), view(0, 7), view(40, 0), view(80, 100), view(120, 0), view(200, 0));
    view(0, 0).await;
    view(0, 2_002).await;
}

#[tokio::test]
async fn what_was_not_said_live_is_found_in_the_log() {
    let house = house().await;
    let (run, mut writer) = started(&house).await;
    let mut socket = house.watch(run, 0).await;
    assert_eq!(event(&mut socket).await["type"], "created");
    assert_eq!(event(&mut socket).await["type"], "attempt");
    let stream = house.jetstream.get_stream(Stream::Runs.as_str()).await.unwrap();
    let mut config = stream.cached_info().config.clone();
    let republish = config.republish.take();
    house.jetstream.update_stream(&config).await.unwrap();
    // Nothing follows that could show the gap.
    say(&mut writer, 3).await;
    for seq in 3..=5 {
        assert_eq!(event(&mut socket).await["seq"], seq);
    }
    // A gap in the middle shows at once.
    say(&mut writer, 2).await;
    config.republish = republish;
    house.jetstream.update_stream(&config).await.unwrap();
    say(&mut writer, 1).await;
    finish(&mut writer).await;
    let (events, code) = to_the_end(&mut socket).await;
    assert_eq!((seqs(&events), code), (vec![6, 7, 8, 9], 1000));
}

#[tokio::test]
async fn a_slow_viewer_loses_nothing_and_slows_nobody() {
    let house = house_with(|config| {
        config.gateway.ring_events = 16;
        config.gateway.ws_write_timeout_ms = Millis::new(60_000);
    })
    .await;
    let (run, mut writer) = started(&house).await;
    let mut slow = house.watch(run, 0).await;
    let mut quick = house.watch(run, 0).await;
    let text = "x".repeat(8_000);
    for _ in 0..1_000 {
        writer.append(&writer.record(vec![token(&text)]).unwrap()).await.unwrap();
    }
    finish(&mut writer).await;
    let (events, code) = to_the_end(&mut quick).await;
    assert_eq!((seqs(&events), code), ((1..=1_003).collect(), 1000));
    let (events, code) = to_the_end(&mut slow).await;
    assert_eq!((seqs(&events), code), ((1..=1_003).collect(), 1000));
}

#[tokio::test]
async fn a_viewer_may_come_before_anything_is_said_and_stay_after_its_end() {
    let house = house().await;
    let run = house.start(&json!({"prompt": "a"})).await;
    let mut socket = house.watch(run, 1).await;
    let mut writer = house.writer(run).await;
    finish(&mut writer).await;
    let (events, code) = to_the_end(&mut socket).await;
    assert_eq!((seqs(&events), code), (vec![2], 1000));
    let mut beyond = house.watch(run, 99).await;
    assert_eq!(to_the_end(&mut beyond).await, (vec![], 1000));
}

#[tokio::test]
async fn strangers_are_refused_before_the_stream_begins() {
    let house = house().await;
    let run = house.start(&json!({"prompt": "a"})).await;
    let nonsense = house.try_watch(run, 0, &[("authorization", "Bearer x")]).await;
    assert_eq!(refusal(nonsense), (401, "unauthenticated".to_owned()));
    let neighbour = house.neighbour().await;
    let theirs = format!("Bearer {}", house.token(&neighbour, 7, &[Role::Member]));
    let bearer = format!("Bearer {}", house.member());
    let nowhere = RunId::from_uuid(Uuid::from_u128(1));
    let gone = (404, "not_found".to_owned());
    assert_eq!(refusal(house.try_watch(run, 0, &[("authorization", &theirs)]).await), gone);
    assert_eq!(refusal(house.try_watch(nowhere, 0, &[("authorization", &bearer)]).await), gone);
    // Watched by its own tenant, it is still no run for another.
    let _watched = house.watch(run, 0).await;
    assert_eq!(refusal(house.try_watch(run, 0, &[("authorization", &theirs)]).await), gone);
}

#[tokio::test]
async fn a_browser_shows_its_token_as_a_subprotocol() {
    let house = house().await;
    let run = house.start(&json!({"prompt": "a"})).await;
    let offered = format!("sba.v1.json, sba.bearer.{}", house.member());
    let mut socket = house.try_watch(run, 0, &[("sec-websocket-protocol", &offered)]).await.unwrap();
    assert_eq!(event(&mut socket).await["type"], "created");
}

#[tokio::test]
async fn a_client_that_shows_no_life_is_let_go() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let house = house_with(|config| {
        config.gateway.ws_ping_interval_ms = Millis::new(100);
        config.telemetry.metrics_listen = free.to_string();
    })
    .await;
    let run = house.start(&json!({"prompt": "a"})).await;
    let figure = async || reqwest::get(format!("http://{free}/metrics")).await.unwrap().text().await.unwrap();
    let viewers = async |count: u32| {
        while !figure().await.lines().any(|line| line == format!("sba_viewers {count}")) {
            sleep(Duration::from_millis(10)).await;
        }
    };
    // A socket answers pings only while it is read, and this one is not.
    let _silent = house.watch(run, 1).await;
    timeout(DEADLINE, viewers(1)).await.expect("it watches");
    timeout(DEADLINE, viewers(0)).await.expect("it was not let go");
}

#[tokio::test]
async fn only_so_many_may_watch() {
    let house = house_with(|config| config.gateway.max_viewers = 1).await;
    let run = house.start(&json!({"prompt": "a"})).await;
    let first = house.watch(run, 0).await;
    let bearer = format!("Bearer {}", house.member());
    let second = house.try_watch(run, 0, &[("authorization", &bearer)]).await;
    assert_eq!(refusal(second), (503, "overloaded".to_owned()));
    drop(first);
    let freed = async {
        while house.try_watch(run, 0, &[("authorization", &bearer)]).await.is_err() {
            sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(DEADLINE, freed).await.expect("the place is not free again");
}

#[tokio::test]
async fn a_gateway_that_ends_tells_its_viewers() {
    let house = house().await;
    let run = house.start(&json!({"prompt": "a"})).await;
    let mut socket = house.watch(run, 1).await;
    house.shutdown.begin();
    assert_eq!(to_the_end(&mut socket).await, (vec![], 1012));
    timeout(DEADLINE, house.served).await.expect("it does not end").unwrap().unwrap();
}

#[tokio::test]
async fn a_run_whose_log_was_removed_says_so_and_how_it_ended() {
    let house = house().await;
    let run = without_log(&house).await;
    let bearer = format!("Bearer {}", house.member());
    let open = house.try_watch(run, 0, &[("authorization", &bearer)]).await;
    assert_eq!(refusal(open).0, 404, "a run that goes on has a log");

    ends_without_log(&house, run).await;
    let (said, code) = to_the_end(&mut house.watch(run, 4).await).await;
    assert_eq!(code, 1000);
    assert_eq!(said.len(), 2, "{said:?}");
    assert_eq!((&said[0]["type"], &said[0]["payload"]), (&json!("gap"), &json!({"from": 5, "to": 9})));
    assert_eq!((&said[1]["type"], &said[1]["payload"]["run"]["status"]), (&json!("snapshot"), &json!("failed")));
    assert_eq!(to_the_end(&mut house.watch(run, 9).await).await, (vec![], 1000), "one who saw the end");
    let stranger = house.token(&house.neighbour().await, 7, &[Role::Member]);
    let bearer = format!("Bearer {stranger}");
    assert_eq!(refusal(house.try_watch(run, 0, &[("authorization", &bearer)]).await).0, 404);
}
