//! `sba dead`: what could not be done is found, given back and removed.

use std::collections::BTreeSet;

use bytes::Bytes;
use sba_subjects::{
    codec,
    command::{Command, CommandBody},
    dead,
    envelope::VERSION,
    id::{CallId, CommandId, RunId, TenantKey},
    name::{Queue, Verb},
    stream::Stream,
    subject::Subject,
};
use serde_json::{Value, json};

use crate::support::{Office, id};

fn job(tenant: &TenantKey, queue: Queue) -> Subject {
    Subject::Job { tenant: tenant.clone(), queue, call: id() }
}

fn command(tenant: &TenantKey, verb: Verb) -> Subject {
    Subject::Cmd { tenant: tenant.clone(), run: id(), verb }
}

fn numbers(documents: &[Value]) -> Vec<u64> {
    documents.iter().map(|document| document["sequence"].as_u64().unwrap()).collect()
}

async fn listed(office: &Office, filter: &[&str]) -> Vec<u64> {
    let args = [&["dead", "list", "--json"], filter].concat();
    numbers(&office.sba(&args).await.documents())
}

#[tokio::test]
async fn letters_are_found_by_tenant_source_reason_and_age() {
    let office = Office::open().await;
    let other = office.neighbour().await;
    let body = || Bytes::from_static(b"x");
    let index = office.bury(job(&office.tenant, Queue::Index), "job_invalid", body(), &[]).await;
    let exec = office.bury(job(&other, Queue::ToolExec), "worker_lost", body(), &[]).await;
    let start = office.bury(command(&office.tenant, Verb::Start), "run_unknown", body(), &[]).await;
    assert_eq!(listed(&office, &[]).await, [index, exec, start]);
    let (key, uuid) = (office.tenant.to_string(), office.tenant.id().to_string());
    assert_eq!(listed(&office, &["--tenant", &key]).await, [index, start]);
    assert_eq!(listed(&office, &["--tenant", &uuid]).await, [index, start]);
    assert_eq!(listed(&office, &["--origin", "job"]).await, [index, exec]);
    assert_eq!(listed(&office, &["--queue", "tool-exec"]).await, [exec]);
    assert_eq!(listed(&office, &["--reason", "run_unknown", "--origin", "cmd"]).await, [start]);
    assert_eq!(listed(&office, &["--reason", "run_unknown", "--tenant", &other.to_string()]).await, [0; 0]);
    assert_eq!(listed(&office, &["--older", "1h"]).await, [0; 0]);
    assert_eq!(listed(&office, &["--newer", "1h"]).await, [index, exec, start]);
    assert_eq!(listed(&office, &["--after", &index.to_string(), "--limit", "1"]).await, [exec]);

    let table = office.sba(&["dead", "list", "--limit", "2"]).await;
    assert!(table.err.contains(&format!("--after {exec}")), "{table:?}");
    let lines: Vec<&str> = table.out.lines().collect();
    assert_eq!(lines.len(), 3, "{table:?}");
    assert!(lines[0].starts_with("letter  age") && lines[1].contains("job index"), "{table:?}");
}

#[tokio::test]
async fn a_letter_shows_all_it_holds_and_commands_no_terminal() {
    let office = Office::open().await;
    let run: RunId = id();
    let subject = Subject::Cmd { tenant: office.tenant.clone(), run, verb: Verb::Cancel };
    let body = CommandBody::Cancel { reason: "\u{1b}[2J".to_owned() };
    let body = codec::encode(&Command { v: VERSION, id: id::<CommandId>(), ts: 7, body }).unwrap();
    let headers = [
        ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
        ("X-Their", "\u{1b}]0;title"),
        (dead::TIME, "2026-01-01T00:00:00Z"),
    ];
    let letter = office.bury(subject.clone(), "undecidable", body, &headers).await.to_string();
    let shown = office.sba(&["dead", "show", &letter, "--json"]).await.documents().remove(0);
    assert_eq!(shown["subject"], json!(subject.to_string()));
    assert_eq!((&shown["reason"], &shown["attempts"]), (&json!("undecidable"), &json!(5)));
    assert_eq!((&shown["run_id"], &shown["what"]), (&json!(run), &json!("cancel")));
    assert_eq!(shown["tenant_id"], json!(office.tenant.id()));
    assert_eq!(shown["trace_id"], json!("0af7651916cd43dd8448eb211c80319c"));
    assert_eq!(shown["headers"]["X-Their"], json!(["\u{1b}]0;title"]));
    assert_eq!(shown["body"]["body"], json!({"verb": "cancel", "body": {"reason": "\u{1b}[2J"}}));
    let text = office.sba(&["dead", "show", &letter]).await;
    assert!(text.out.contains("undecidable") && text.out.contains("\"ts\": 7"), "{text:?}");
    assert!(!text.out.contains('\u{1b}'), "{text:?}");

    let garbage = office.bury(job(&office.tenant, Queue::Render), "job_invalid", Bytes::from_static(b"\xff\x00"), &[]);
    let shown = office.sba(&["dead", "show", &garbage.await.to_string(), "--json"]).await.documents().remove(0);
    assert_eq!(shown["body"], Value::Null);
    assert!(shown["body_problem"].as_str().unwrap().ends_with("ff00"), "{shown}");
}

#[tokio::test]
async fn what_is_redriven_is_the_message_that_it_was() {
    let office = Office::open().await;
    let subject = job(&office.tenant, Queue::Index);
    let headers = [("traceparent", "00-aa-bb-01"), ("Sba-Dead-Stream", "JOBS")];
    let letter = office.bury(subject.clone(), "job_invalid", Bytes::from_static(b"body"), &headers).await;
    let said = office.sba(&["dead", "redrive", &letter.to_string(), "--json"]).await.documents();
    assert_eq!(said, [json!({"sequence": letter, "outcome": "redriven", "problem": null})]);
    let message = office.last(Stream::Jobs, &subject).await.unwrap();
    assert_eq!(message.payload, Bytes::from_static(b"body"));
    let names: Vec<_> = message.headers.iter().map(|(name, _)| name.to_string()).collect();
    assert_eq!(names, ["traceparent"], "nothing of the letter goes back");
    assert_eq!(office.count(Stream::Dead).await, 0);
    let (action, what) = office.trail(&office.tenant).await.remove(0);
    assert_eq!(action, "dead_letter_redriven");
    assert_eq!(what, json!({"letter": letter, "subject": subject.to_string(), "reason": "job_invalid", "by": "ops"}));
    let again = office.sba(&["dead", "redrive", &letter.to_string()]).await;
    assert_eq!(again.failure(), (3, "dead_letter_unknown"), "{again:?}");
}

#[tokio::test]
async fn two_operators_and_one_who_was_killed_lose_nothing() {
    let office = Office::open().await;
    let mut subjects = BTreeSet::new();
    for _ in 0..400 {
        let subject = job(&office.tenant, Queue::Render);
        subjects.insert(subject.to_string());
        office.bury(subject, "job_timeout", Bytes::from_static(b"job"), &[]).await;
    }
    let all = ["dead", "redrive", "--queue", "render", "--yes"];
    let mut killed = office.begin(&all);
    while office.count(Stream::Jobs).await < 20 {
        tokio::task::yield_now().await;
    }
    killed.kill().await.unwrap();
    let left = office.count(Stream::Dead).await;
    assert!(left > 0, "it was killed too late for this test");
    let (one, other) = tokio::join!(office.sba(&all), office.sba(&all));
    assert_eq!((one.code, other.code), (0, 0), "{one:?} {other:?}");
    assert_eq!(office.count(Stream::Dead).await, 0);
    let jobs = office.jetstream.get_stream(Stream::Jobs.as_str()).await.unwrap();
    let mut found = jobs.info_with_subjects(">").await.unwrap();
    let mut stand = BTreeSet::new();
    while let Some(subject) = futures::TryStreamExt::try_next(&mut found).await.unwrap() {
        assert_eq!(subject.1, 1, "{}", subject.0);
        stand.insert(subject.0);
    }
    assert_eq!(stand, subjects);
}

#[tokio::test]
async fn a_message_that_has_no_place_now_stays_among_the_dead() {
    let office = Office::open().await;
    let run: RunId = id();
    let subject = Subject::Cmd { tenant: office.tenant.clone(), run, verb: Verb::Pause };
    for _ in 0..sba_subjects::stream::MAX_COMMANDS {
        office.jetstream.publish(subject.to_string(), "x".into()).await.unwrap().await.unwrap();
    }
    let letter = office.bury(subject, "run_unknown", Bytes::from_static(b"x"), &[]).await;
    let said = office.sba(&["dead", "redrive", &letter.to_string()]).await;
    assert_eq!(said.failure(), (1, "too_many_commands"), "{said:?}");
    let headers = [(dead::DROPPED_BYTES, "1048000")];
    let bodyless = office.bury(job(&office.tenant, Queue::Index), "job_invalid", Bytes::new(), &headers).await;
    let said = office.sba(&["dead", "redrive", &bodyless.to_string()]).await;
    assert_eq!(said.failure(), (4, "dead_letter_bodyless"), "{said:?}");
    let newer = format!("sba.{}.dead.job.00.sweep.{}", office.tenant, id::<CallId>());
    let newer = office.jetstream.publish(newer, "x".into()).await.unwrap().await.unwrap().sequence;
    let said = office.sba(&["dead", "redrive", &newer.to_string()]).await;
    assert_eq!(said.failure(), (4, "dead_letter_newer"), "{said:?}");
    assert_eq!(listed(&office, &[]).await, [letter, bodyless, newer]);
}

#[tokio::test]
async fn many_are_dealt_with_at_a_word_and_what_is_dropped_is_gone() {
    let office = Office::open().await;
    let mut letters = Vec::new();
    for reason in ["job_invalid", "job_invalid", "worker_lost"] {
        letters.push(office.bury(job(&office.tenant, Queue::Index), reason, Bytes::from_static(b"x"), &[]).await);
    }
    let unasked = office.sba(&["dead", "drop", "--reason", "job_invalid"]).await;
    assert_eq!(unasked.failure(), (4, "confirmation_missing"), "{unasked:?}");
    assert!(unasked.err.contains("2  job index  job_invalid"), "{unasked:?}");
    assert_eq!(office.sba(&["dead", "drop", &letters[2].to_string()]).await.failure().0, 4);
    assert_eq!(listed(&office, &[]).await, letters);
    let dropped = office.sba(&["dead", "drop", "--reason", "job_invalid", "--yes", "--json"]).await.documents();
    assert_eq!(numbers(&dropped), letters[..2]);
    assert!(dropped.iter().all(|said| said["outcome"] == "dropped"), "{dropped:?}");
    assert_eq!(listed(&office, &[]).await, letters[2..]);
    assert_eq!(office.count(Stream::Jobs).await, 0);
    let trail = office.trail(&office.tenant).await;
    assert_eq!(trail.iter().filter(|(action, _)| action == "dead_letter_dropped").count(), 2, "{trail:?}");
    let none = office.sba(&["dead", "drop", "--reason", "nonsense", "--yes"]).await;
    assert_eq!((none.code, none.out.as_str()), (0, ""), "{none:?}");
}

#[tokio::test]
async fn what_cannot_be_recorded_is_not_done() {
    let office = Office::open().await;
    let letter = office.bury(job(&office.tenant, Queue::Index), "job_invalid", Bytes::from_static(b"x"), &[]).await;
    office.configure(&json!({"database": {"url": "postgres://sba_app@127.0.0.1:1/sba", "startup_timeout_ms": 500}}));
    for deed in ["redrive", "drop"] {
        let said = office.sba(&["dead", deed, &letter.to_string(), "--yes"]).await;
        assert_eq!(said.failure(), (1, "database_unreachable"), "{said:?}");
    }
    assert_eq!(listed(&office, &[]).await, [letter], "and they can be looked at all the same");
    // A tenant that Postgres does not know has no trail, and its letters are no more lasting for it.
    office.configure(&json!({}));
    let nobody: TenantKey = format!("A{}", "B".repeat(55)).parse().unwrap();
    let letter = office.bury(job(&nobody, Queue::Index), "job_invalid", Bytes::from_static(b"x"), &[]).await;
    assert_eq!(office.sba(&["dead", "drop", &letter.to_string(), "--yes"]).await.code, 0);
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_in_clear_words() {
    let office = Office::open().await;
    for nonsense in [
        &["dead", "list", "--tenant", "acme"][..],
        &["dead", "list", "--origin", "jobs"],
        &["dead", "list", "--older", "yesterday"],
        &["dead", "list", "--limit", "0"],
        &["dead", "list", "--queue", "index", "--origin", "job"],
        &["dead", "show", "first"],
        &["dead", "redrive"],
        &["dead", "redrive", "1", "--all"],
    ] {
        let said = office.sba(nonsense).await;
        assert_eq!(said.code, 2, "{nonsense:?}: {said:?}");
        assert!(!said.err.is_empty());
    }
    assert_eq!(office.sba(&["dead", "show", "17"]).await.failure(), (3, "dead_letter_unknown"));
    office.configure(&json!({"nats": {"url": "nats://127.0.0.1:1", "startup_timeout_ms": 500}}));
    assert_eq!(office.sba(&["dead", "list"]).await.failure(), (1, "nats_unreachable"));
}
