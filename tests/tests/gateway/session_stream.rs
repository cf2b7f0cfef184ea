//! Many runs over one socket.

use std::collections::HashMap;

use futures::SinkExt as _;
use reqwest::Method;
use sba_gateway::auth::Role;
use sba_subjects::id::RunId;
use sba_tests::run_log::Writer;
use serde_json::{Value, json};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use uuid::Uuid;

use super::{
    control::running,
    stream::{ends_without_log, finish, say as tell, started, without_log},
    support::{
        DEADLINE, House, Socket, answer, ask, closed, event, house, house_with, refusal, refused, say, seqs, to_the_end,
    },
};

struct Session {
    id: Value,
    token: String,
}

async fn session(house: &House) -> Session {
    let made = house.post("/sessions", &json!({})).await.1;
    Session { id: made["session_id"].clone(), token: made["session_token"].as_str().unwrap().to_owned() }
}

impl Session {
    fn path(&self) -> String {
        format!("/sessions/{}/stream", self.id.as_str().unwrap())
    }

    async fn open(&self, house: &House) -> Socket {
        let bearer = format!("Bearer {}", house.member());
        let headers = [("authorization", bearer.as_str()), ("x-session-token", self.token.as_str())];
        house.try_open(&self.path(), &headers).await.unwrap()
    }

    async fn run(&self, house: &House) -> (RunId, Writer) {
        let run = house.start(&json!({"prompt": "a", "session_id": self.id})).await;
        let mut writer = house.writer(run).await;
        writer.take().await.unwrap().unwrap();
        (run, writer)
    }
}

fn subscribe(id: &str, run: RunId, after: u64) -> Value {
    json!({"id": id, "type": "subscribe", "run": run, "after": after})
}

/// What is said of runs until that many have ended.
async fn until_ended(socket: &mut Socket, runs: usize) -> HashMap<String, Vec<Value>> {
    let (mut said, mut ended): (HashMap<String, Vec<Value>>, _) = (HashMap::new(), 0);
    while ended < runs {
        let message = event(socket).await;
        ended += usize::from(message["type"] == "ended");
        said.entry(message["run"].as_str().unwrap_or_default().to_owned()).or_default().push(message);
    }
    said
}

#[tokio::test]
async fn many_runs_are_watched_over_one_socket() {
    let house = house().await;
    let mine = session(&house).await;
    let mut runs = Vec::new();
    for _ in 0..5 {
        runs.push(mine.run(&house).await);
    }
    // A run of the tenant that belongs to no session is seen as well.
    runs.push(started(&house).await);
    let mut socket = mine.open(&house).await;
    let mut last = HashMap::new();
    for (number, (run, writer)) in runs.iter_mut().enumerate() {
        let mut message = subscribe(&number.to_string(), *run, number as u64 % 2);
        message["priority"] = json!(["high", "normal", "low"][number % 3]);
        say(&mut socket, message).await;
        tell(writer, 200).await;
        finish(writer).await;
        last.insert(run.to_string(), writer.seq - 1);
    }
    let said = until_ended(&mut socket, runs.len()).await;
    for (number, (run, _)) in runs.iter().enumerate() {
        let (run, after) = (run.to_string(), number as u64 % 2);
        let told = &said[&run];
        assert_eq!(told.last().unwrap()["type"], "ended", "nothing follows");
        assert_eq!(seqs(&told[..told.len() - 1]), (after + 1..=last[&run]).collect::<Vec<_>>(), "run {number}");
    }
    let acks = &said[""];
    assert_eq!(acks.len(), runs.len());
    assert!(acks.iter().all(|ack| ack["type"] == "ack" && ack["payload"]["run"].is_string()), "{acks:?}");
    // The socket stays, and a run that has ended can be watched once more.
    assert_eq!(ask(&mut socket, json!({"id": "p", "type": "ping"})).await["type"], "ack");
    say(&mut socket, subscribe("again", runs[0].0, 0)).await;
    assert_eq!(event(&mut socket).await["id"], "again", "the answer comes before the first event");
    assert_eq!(until_ended(&mut socket, 1).await.len(), 1);
}

#[tokio::test]
async fn a_subscription_is_moved_and_given_up() {
    let house = house().await;
    let mine = session(&house).await;
    let (run, mut writer) = mine.run(&house).await;
    tell(&mut writer, 8).await;
    let mut socket = mine.open(&house).await;
    assert_eq!(ask(&mut socket, subscribe("1", run, 7)).await["payload"], json!({"run": run, "seq": 7}));
    assert_eq!([event(&mut socket).await["seq"].clone(), event(&mut socket).await["seq"].clone()], [8, 9]);
    ask(&mut socket, subscribe("2", run, 4)).await;
    // What was on its way may come first; then everything behind the new position, once.
    let mut seen = Vec::new();
    while seen.last() != Some(&json!(10)) {
        seen.push(event(&mut socket).await["seq"].clone());
    }
    assert!(seen.ends_with(&[json!(5), json!(6), json!(7), json!(8), json!(9), json!(10)]), "{seen:?}");
    assert_eq!(ask(&mut socket, json!({"id": "3", "type": "unsubscribe", "run": run})).await["type"], "ack");
    tell(&mut writer, 3).await;
    finish(&mut writer).await;
    let answer = ask(&mut socket, json!({"id": "4", "type": "unsubscribe", "run": run})).await;
    assert_eq!(answer["type"], "ack", "giving up twice does no harm");
    say(&mut socket, json!({"id": "5", "type": "ping"})).await;
    assert_eq!(event(&mut socket).await["id"], "5", "nothing was said of the run since");
}

#[tokio::test]
async fn a_run_is_commanded_over_the_sessions_socket() {
    let house = house().await;
    let mine = session(&house).await;
    let (run, mut writer) = running(&house).await;
    let mut socket = mine.open(&house).await;
    assert_eq!(refused(&mut socket, json!({"id": "1", "type": "cancel"})).await, "validation_failed");
    let taken = ask(&mut socket, json!({"id": "2", "type": "pause", "run": run})).await;
    assert_eq!((&taken["type"], &taken["payload"]["run_id"]), (&json!("ack"), &json!(run)), "{taken}");
    let nobodys = Uuid::from_u128(1);
    assert_eq!(refused(&mut socket, json!({"id": "3", "type": "pause", "run": nobodys})).await, "not_found");
    finish(&mut writer).await;
    let late = json!({"id": "4", "type": "input", "run": run, "input": "x"});
    assert_eq!(refused(&mut socket, late).await, "run_finished");
}

#[tokio::test]
async fn a_session_shows_no_other_runs_than_its_own_and_nobodys() {
    let house = house().await;
    let (mine, other) = (session(&house).await, session(&house).await);
    let (theirs, _) = other.run(&house).await;
    let (own, _) = mine.run(&house).await;
    let mut socket = mine.open(&house).await;
    assert_eq!(refused(&mut socket, subscribe("1", theirs, 0)).await, "session_token_invalid");
    assert_eq!(refused(&mut socket, subscribe("2", RunId::from_uuid(Uuid::from_u128(1)), 0)).await, "not_found");
    assert_eq!(ask(&mut socket, subscribe("3", own, 0)).await["type"], "ack");

    // Another tenant has a session of its own, and the number of this run.
    let neighbour = house.neighbour().await;
    let stranger = house.token(&neighbour, 7, &[Role::Member]);
    let request = house.request(Method::POST, "/sessions", &stranger).json(&json!({}));
    let made = answer(request).await.1;
    let bearer = format!("Bearer {stranger}");
    let token = made["session_token"].as_str().unwrap();
    let path = format!("/sessions/{}/stream", made["session_id"].as_str().unwrap());
    let headers = [("authorization", bearer.as_str()), ("x-session-token", token)];
    let mut socket = house.try_open(&path, &headers).await.unwrap();
    let (nobodys, _) = started(&house).await;
    for (id, run) in [("1", own), ("2", nobodys)] {
        assert_eq!(refused(&mut socket, subscribe(id, run, 0)).await, "not_found");
        let command = json!({"id": format!("c{id}"), "type": "cancel", "run": run});
        assert_eq!(refused(&mut socket, command).await, "not_found");
    }

    // And the sockets of sessions are their users' own.
    let colleague = format!("Bearer {}", house.token(&house.tenant, 8, &[Role::TenantAdmin]));
    let member = format!("Bearer {}", house.member());
    for (bearer, token, expected) in [
        (&bearer, mine.token.as_str(), (404, "not_found")),
        (&colleague, mine.token.as_str(), (404, "not_found")),
        (&member, other.token.as_str(), (403, "session_token_invalid")),
        (&member, "", (403, "session_token_invalid")),
    ] {
        let headers = [("authorization", bearer.as_str()), ("x-session-token", token)];
        let (status, code) = refusal(house.try_open(&mine.path(), &headers).await);
        assert_eq!((status, code.as_str()), expected);
    }
}

#[tokio::test]
async fn a_socket_shows_as_many_runs_as_it_may_and_each_takes_a_viewers_place() {
    let house = house_with(|config| {
        config.gateway.max_subscriptions = 2;
        config.gateway.max_viewers_per_tenant = 3;
        config.gateway.ws_messages_per_second = 10_000;
    })
    .await;
    let mine = session(&house).await;
    let mut runs = Vec::new();
    for _ in 0..3 {
        runs.push(mine.run(&house).await);
    }
    let mut socket = mine.open(&house).await;
    for (number, (run, _)) in runs[..2].iter().enumerate() {
        assert_eq!(ask(&mut socket, subscribe(&number.to_string(), *run, 9)).await["type"], "ack");
    }
    assert_eq!(refused(&mut socket, subscribe("3", runs[2].0, 9)).await, "too_many_subscriptions");
    // Each counts among the viewers of its tenant.
    let mut second = mine.open(&house).await;
    assert_eq!(ask(&mut second, subscribe("1", runs[2].0, 9)).await["type"], "ack");
    assert_eq!(refused(&mut second, subscribe("2", runs[0].0, 9)).await, "rate_limited");
    ask(&mut socket, json!({"id": "4", "type": "unsubscribe", "run": runs[0].0})).await;
    let freed = async {
        let mut id = 5;
        while ask(&mut second, subscribe(&id.to_string(), runs[0].0, 9)).await["type"] != "ack" {
            id += 1;
        }
    };
    timeout(DEADLINE, freed).await.expect("the place is not free again");
}

#[tokio::test]
async fn ten_thousand_subscriptions_are_not_taken() {
    let house = house().await;
    let mine = session(&house).await;
    let (mut socket, mut other) = (mine.open(&house).await, mine.open(&house).await);
    let nobodys = RunId::from_uuid(Uuid::from_u128(1));
    for id in 0..10_000 {
        // It may be closed before all was said.
        if socket.feed(Message::text(subscribe(&id.to_string(), nobodys, 0).to_string())).await.is_err() {
            break;
        }
    }
    let _ = socket.flush().await;
    assert_eq!(closed(&mut socket).await, 1008);
    assert_eq!(ask(&mut other, json!({"id": "p", "type": "ping"})).await["type"], "ack", "nobody else is disturbed");
}

#[tokio::test]
async fn a_run_without_a_log_is_told_of_and_over() {
    let house = house().await;
    let run = without_log(&house).await;
    ends_without_log(&house, run).await;
    let mut socket = session(&house).await.open(&house).await;
    ask(&mut socket, subscribe("1", run, 4)).await;
    let told = [event(&mut socket).await, event(&mut socket).await, event(&mut socket).await];
    let kinds = told.each_ref().map(|message| message["type"].as_str().unwrap());
    assert_eq!(kinds, ["gap", "snapshot", "ended"]);
    assert_eq!((&told[1]["payload"]["seq"], &told[1]["payload"]["run"]["status"]), (&json!(9), &json!("failed")));
    ask(&mut socket, subscribe("2", run, 9)).await;
    assert_eq!(event(&mut socket).await["type"], "ended", "one who saw the end");
}

#[tokio::test]
async fn a_gateway_that_ends_tells_the_sockets_of_sessions() {
    let house = house().await;
    let mut socket = session(&house).await.open(&house).await;
    assert_eq!(ask(&mut socket, json!({"id": "1", "type": "ping"})).await["type"], "ack");
    house.shutdown.begin();
    assert_eq!(to_the_end(&mut socket).await, (vec![], 1012));
}
