//! The queues, whole: a job in, a result out.

use futures::StreamExt as _;
use sba_store::{artifacts, documents::DocumentStatus};
use sba_subjects::{
    codec,
    envelope::VERSION,
    heartbeat::Heartbeat,
    id::{CallId, RunId, UserId},
    job::{IndexJob, Job, JobBody},
    name::Queue,
    stream::Stream,
    subject::{DeadLetter, Subject, filter},
    tool::{KNOWLEDGE_TOOL, RENDER_TOOL, RenderParams, RenderResult, SearchResult, Section},
};
use serde_json::json;
use uuid::Uuid;

use crate::support::{Bench, until};

const HANDBOOK: &[u8] =
    b"# Handbook\n\n## Warranty\n\nThe warranty of the Borealis lasts 37 months.\n\n## Canteen\n\nSoup.";

fn ids() -> (RunId, CallId) {
    (RunId::from_uuid(Uuid::new_v4()), CallId::from_uuid(Uuid::new_v4()))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_is_indexed_found_and_cited() {
    let bench = Bench::start().await;
    let id = bench.put("handbook.md", "text/markdown", HANDBOOK).await;
    let document = bench.settled(id).await;
    assert_eq!((document.status, document.chunks), (DocumentStatus::Indexed, 2));

    let (run, call) = ids();
    let params = json!({"query": "How long does the warranty of the Borealis last?", "top_k": 3});
    let found = bench.call(run, call, KNOWLEDGE_TOOL, params).await;
    let found: SearchResult = serde_json::from_value(found.result).unwrap();
    assert!(found.hits[0].text.contains("37 months"), "{found:?}");

    let (run, call) = ids();
    let section = |text: &str| {
        let (heading, text) = ("Answer".to_owned(), text.to_owned());
        Section { heading, text, sources: vec![0], gap: None }
    };
    let params = RenderParams {
        title: "Warranty".to_owned(),
        question: "How long does the warranty last?".to_owned(),
        locale: None,
        sections: vec![section("It lasts 37 months.")],
        sources: found.hits,
    };
    let first = bench.call(run, call, RENDER_TOOL, serde_json::to_value(&params).unwrap()).await;
    let first: RenderResult = serde_json::from_value(first.result).unwrap();
    assert_eq!((first.artifact.citations, first.dropped.len()), (1, 0));

    // The same call again: it answers from what it stored. The same id with other words is another call.
    let again = bench.call(run, call, RENDER_TOOL, serde_json::to_value(&params).unwrap()).await;
    let again: RenderResult = serde_json::from_value(again.result).unwrap();
    assert_eq!(again, first);
    let other = RenderParams { sections: vec![section("Something else.")], ..params };
    let refused = bench.call(run, call, RENDER_TOOL, serde_json::to_value(&other).unwrap()).await;
    assert_eq!(refused.error.unwrap().code, "tool_call_reused");
    let mut tx = bench.store.begin(bench.tenant.id()).await.unwrap();
    let stored = artifacts::get(&mut tx, first.artifact.artifact_id).await.unwrap().unwrap();
    let markdown = String::from_utf8(bench.blobs.get(&stored.blob).await.unwrap().to_vec()).unwrap();
    assert!(markdown.contains("It lasts 37 months. [1]"), "{markdown}");
    assert!(markdown.contains("> The warranty of the Borealis lasts 37 months."), "{markdown}");
    drop(tx);
    bench.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_content_changes_nothing_and_other_content_replaces_it() {
    let bench = Bench::start().await;
    let id = bench.put("a.txt", "text/plain", b"The first text.").await;
    let first = bench.settled(id).await;
    bench.put("a.txt", "text/plain", b"The first text.").await;
    bench.idle().await;
    assert_eq!(bench.settled(id).await.indexed_at, first.indexed_at);

    bench.put("a.txt", "text/plain", b"The second text.").await;
    assert_eq!(bench.settled(id).await.chunks, 1);
    let (run, call) = ids();
    let found = bench.call(run, call, KNOWLEDGE_TOOL, json!({"query": "text", "top_k": 5})).await;
    let found: SearchResult = serde_json::from_value(found.result).unwrap();
    let texts: Vec<&str> = found.hits.iter().map(|hit| hit.text.as_str()).collect();
    assert_eq!(texts, ["The second text."]);
    bench.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_says_why() {
    let bench = Bench::start().await;
    for (source, media_type, content, code) in [
        ("a.pdf", "application/pdf", b"<html>not found</html>".as_slice(), "document_not_readable"),
        ("b.md", "text/markdown", b" \n ", "document_empty"),
        ("c.bin", "application/zip", b"PK", "document_unsupported_type"),
    ] {
        let id = bench.put(source, media_type, content).await;
        let document = bench.settled(id).await;
        assert_eq!(document.status, DocumentStatus::Failed, "{source}");
        assert_eq!(document.error_code.as_deref(), Some(code), "{source}");
    }
    bench.idle().await;
    bench.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_cannot_be_done_is_answered() {
    let bench = Bench::start().await;
    for (tool, params, code) in [
        ("rm_rf", json!({}), "tool_unknown"),
        (KNOWLEDGE_TOOL, json!({"top_k": 1}), "tool_params_invalid"),
        (KNOWLEDGE_TOOL, json!({"query": " ", "top_k": 1}), "tool_params_invalid"),
        (RENDER_TOOL, json!("x"), "tool_params_invalid"),
    ] {
        let (run, call) = ids();
        let result = bench.call(run, call, tool, params).await;
        assert_eq!((result.call_id, result.success), (call, false));
        assert_eq!(result.error.unwrap().code, code, "{tool}");
    }
    bench.idle().await;
    bench.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forged_job_is_put_aside_and_does_nothing() {
    let bench = Bench::start().await;
    let id = bench.put("mine.md", "text/markdown", HANDBOOK).await;
    let before = bench.settled(id).await;
    let call = CallId::from_uuid(Uuid::new_v4());
    let forged = Job {
        v: VERSION,
        id: call,
        tenant_id: bench.tenant.id(),
        user_id: UserId::from_uuid(Uuid::nil()),
        ts: 0,
        body: JobBody::Index(IndexJob { document_id: id, content_sha256: "ab".repeat(32), upload: None }),
    };
    let stranger = nkeys::KeyPair::new_account().public_key().parse().unwrap();
    let subject = Subject::Job { tenant: stranger, queue: Queue::Index, call };
    bench.publish(subject.to_string(), codec::encode(&forged).unwrap()).await;
    let dead = Subject::Dead(DeadLetter::of(subject).unwrap()).to_string();
    let letter = until("a dead letter", || bench.last(Stream::Dead, &dead)).await;
    assert_eq!(letter.headers.get("Sba-Dead-Reason").unwrap().as_str(), "job_invalid");
    assert_eq!(codec::decode::<Job>(&letter.payload).unwrap(), forged);
    bench.idle().await;
    assert_eq!(bench.settled(id).await, before);
    bench.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_for_a_document_that_is_gone_does_nothing() {
    let bench = Bench::start().await;
    let (_, call) = ids();
    let job = IndexJob {
        document_id: bench.tenant.derive("document", "gone").into(),
        content_sha256: "ab".repeat(32),
        upload: None,
    };
    bench.give(Queue::Index, call, JobBody::Index(job)).await;
    bench.idle().await;
    let subject = Subject::Job { tenant: bench.tenant.clone(), queue: Queue::Index, call };
    let dead = Subject::Dead(DeadLetter::of(subject).unwrap()).to_string();
    assert!(bench.last(Stream::Dead, &dead).await.is_none());
    bench.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_gives_signs_of_life_and_makes_streams_and_queues_as_it_is_told() {
    let bench = Bench::start_configured(
        |config| {
            config.nats.max_message_bytes = 128 * 1024;
            config.nats.max_stream_bytes = Some(64 << 20);
            config.worker.max_pending_jobs = 77;
            config.worker.max_waiting_pulls = 700;
        },
        Vec::new(),
    )
    .await;
    let mut beats = bench.connect().await.subscribe(filter::HEARTBEATS).await.unwrap();
    let beat: Heartbeat = codec::decode(&beats.next().await.unwrap().payload).unwrap();
    assert_eq!((beat.kind.as_str(), beat.draining), ("worker", false));
    let mut stream = bench.jetstream.get_stream(Stream::Jobs.as_str()).await.unwrap();
    let queue = stream.consumer_info(Queue::Index.as_str()).await.unwrap().config;
    assert_eq!((queue.max_ack_pending, queue.max_waiting), (77, 700));
    let stream = &stream.info().await.unwrap().config;
    assert_eq!((stream.max_message_size, stream.max_bytes), (128 * 1024, 64 << 20));
    bench.stop().await;
}
