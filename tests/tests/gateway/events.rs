//! Watching runs without a WebSocket: by server-sent events, and by asking again and again.

use std::time::Duration;

use reqwest::{Method, Response, StatusCode};
use sba_gateway::auth::Role;
use sba_service::config::Millis;
use sba_subjects::id::RunId;
use sba_tests::{run_log::token, sse};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep, timeout};
use uuid::Uuid;

use super::{
    stream::{ends_without_log, finish, say, started, without_log},
    support::{DEADLINE, House, answer, house, house_with, seqs},
};

async fn listen(house: &House, run: RunId, after: &str) -> Response {
    let request = house.request(Method::GET, &format!("/runs/{run}/events"), &house.member());
    request.header("accept", "text/event-stream").header("last-event-id", after).send().await.unwrap()
}

/// Up to so many server-sent events, or all until the stream ends, each with its id.
async fn heard(response: Response, most: usize) -> Vec<(u64, Value)> {
    let events = sse::events(response, most, DEADLINE).await.unwrap();
    events.into_iter().map(|(id, event)| (id.parse().unwrap(), event)).collect()
}

async fn poll(house: &House, run: RunId, query: &str) -> (StatusCode, Value) {
    house.get(&format!("/runs/{run}/events?{query}")).await
}

/// Everything behind `after`, from as many answers as it takes.
async fn polled(house: &House, run: RunId, mut after: u64) -> Vec<Value> {
    let mut events = Vec::new();
    loop {
        let (status, page) = poll(house, run, &format!("after={after}")).await;
        assert_eq!(status, 200, "{page}");
        events.extend(page["events"].as_array().unwrap().iter().cloned());
        after = page["after"].as_u64().unwrap();
        if page["ended"] == true {
            return events;
        }
    }
}

#[tokio::test]
async fn clients_that_come_again_and_again_see_everything_once() {
    let house = house_with(|config| config.gateway.ring_events = 32).await;
    let (run, mut writer) = started(&house).await;
    let speak = async {
        say(&mut writer, 1_000).await;
        finish(&mut writer).await;
    };
    let listened = async {
        let mut events = Vec::new();
        loop {
            let last = events.last().map_or(0, |(id, _): &(u64, Value)| *id);
            let response = listen(&house, run, &last.to_string()).await;
            if response.status() == StatusCode::NO_CONTENT {
                return events;
            }
            // It goes away in the middle.
            events.extend(heard(response, 150).await);
        }
    };
    let ((), listened, polled) = tokio::join!(speak, listened, polled(&house, run, 0));
    let (ids, listened): (Vec<_>, Vec<_>) = listened.into_iter().unzip();
    assert_eq!((&ids, &seqs(&listened)), (&(1..=1_003).collect(), &ids));
    assert_eq!(listened, polled, "whatever the way");
    assert_eq!(listened.last().unwrap()["type"], "done");
    assert_eq!(poll(&house, run, "after=5000").await.1, json!({"events": [], "after": 5000, "ended": true}));
}

#[tokio::test]
async fn whoever_polls_waits_as_long_as_he_likes_and_takes_no_place_of_others() {
    let house = house_with(|config| {
        config.gateway.max_requests_per_tenant = 1;
        config.gateway.max_poll_wait_ms = Millis::new(60_000);
    })
    .await;
    let (run, mut writer) = started(&house).await;
    let last = writer.seq - 1;
    let nothing = json!({"events": [], "after": last, "ended": false});
    assert_eq!(poll(&house, run, &format!("after={last}&wait_ms=0")).await, (StatusCode::OK, nothing));
    let waits = async {
        let begun = Instant::now();
        (poll(&house, run, &format!("after={last}")).await.1, begun.elapsed())
    };
    let meanwhile = async {
        sleep(Duration::from_millis(100)).await;
        assert_eq!(house.get(&format!("/runs/{run}")).await.0, 200);
        writer.append(&writer.record(vec![token("now")]).unwrap()).await.unwrap();
    };
    let ((page, waited), ()) = tokio::join!(waits, meanwhile);
    assert_eq!((page["events"][0]["payload"]["text"].as_str(), &page["ended"]), (Some("now"), &json!(false)));
    assert!(waited < DEADLINE, "it is answered as soon as something is said");
    let (status, refusal) = poll(&house, run, "wait_ms=60001").await;
    assert_eq!((status, &refusal["error"]["code"]), (StatusCode::BAD_REQUEST, &json!("invalid_request")));
}

#[tokio::test]
async fn a_run_whose_log_was_removed_is_told_of_once() {
    let house = house().await;
    let run = without_log(&house).await;
    assert_eq!(listen(&house, run, "0").await.status(), 404, "a run that goes on has a log");
    ends_without_log(&house, run).await;
    let said = heard(listen(&house, run, "4").await, usize::MAX).await;
    assert_eq!(said.iter().map(|(id, _)| *id).collect::<Vec<_>>(), [9, 9]);
    assert_eq!((&said[0].1["type"], &said[0].1["payload"]), (&json!("gap"), &json!({"from": 5, "to": 9})));
    assert_eq!(said[1].1["payload"]["run"]["status"], "failed");
    assert_eq!(listen(&house, run, "9").await.status(), 204, "it does not come back");
    let (_, page) = poll(&house, run, "after=4").await;
    assert_eq!((&page["after"], &page["ended"]), (&json!(9), &json!(true)));
    assert_eq!(page["events"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn strangers_see_nothing_and_nonsense_is_refused() {
    let house = house().await;
    let (run, _writer) = started(&house).await;
    let theirs = house.token(&house.neighbour().await, 7, &[Role::Member]);
    for accept in ["text/event-stream", "application/json"] {
        let ask = |path: &str, token: &str| house.request(Method::GET, path, token).header("accept", accept);
        let path = format!("/runs/{run}/events");
        assert_eq!(answer(ask(&path, &theirs)).await.0, 404);
        assert_eq!(answer(ask(&path, "nonsense")).await.0, 401);
        assert_eq!(answer(ask(&format!("/runs/{}/events", Uuid::from_u128(1)), &house.member())).await.0, 404);
        assert_eq!(answer(ask(&format!("{path}?after=-1"), &house.member())).await.0, 400);
    }
    assert_eq!(listen(&house, run, "the last").await.status(), 400);

    let (status, session) = house.post("/sessions", &json!({})).await;
    assert_eq!(status, 201, "{session}");
    let secret = house.start(&json!({"prompt": "a", "session_id": session["session_id"]})).await;
    assert_eq!(listen(&house, secret, "0").await.status(), 403);
    assert_eq!(poll(&house, secret, "").await.0, 403);
}

#[tokio::test]
async fn a_listener_that_takes_nothing_is_let_go_and_one_that_is_left_too() {
    let house = house_with(|config| {
        config.gateway.max_viewers = 1;
        config.gateway.ws_write_timeout_ms = Millis::new(200);
    })
    .await;
    let (run, mut writer) = started(&house).await;
    let stalled = listen(&house, run, "0").await;
    assert_eq!(listen(&house, run, "0").await.status(), 503);
    // More than lies in the buffers of a connection.
    let text = "x".repeat(100_000);
    for _ in 0..200 {
        writer.append(&writer.record(vec![token(&text)]).unwrap()).await.unwrap();
    }
    let joined = async || {
        loop {
            let next = listen(&house, run, "200").await;
            if next.status() == 200 {
                return next;
            }
            sleep(Duration::from_millis(10)).await;
        }
    };
    let left = timeout(DEADLINE, joined()).await.expect("the place of the stalled one is not free again");
    drop((stalled, left));
    timeout(DEADLINE, joined()).await.expect("the place of the one that left is not free again");
}

#[tokio::test]
async fn a_gateway_that_ends_lets_go_of_whoever_waits() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let house = house_with(|config| config.telemetry.metrics_listen = free.to_string()).await;
    let (run, writer) = started(&house).await;
    let (last, query) = (writer.seq - 1, format!("after={}", writer.seq - 1));
    let response = listen(&house, run, &last.to_string()).await;
    let waits = poll(&house, run, &query);
    let figures = async || reqwest::get(format!("http://{free}/metrics")).await.unwrap().text().await.unwrap();
    let ends = async {
        while !figures().await.lines().any(|line| line == "sba_viewers 2") {
            sleep(Duration::from_millis(10)).await;
        }
        house.shutdown.begin();
    };
    let ((_, page), (), said) = tokio::join!(waits, ends, heard(response, usize::MAX));
    assert_eq!((page["ended"].as_bool(), said), (Some(false), vec![]));
    timeout(DEADLINE, house.served).await.expect("it does not end").unwrap().unwrap();
}
