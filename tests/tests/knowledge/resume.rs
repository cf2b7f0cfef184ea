//! Indexing that is cut off goes on where it was.

use std::time::Duration;

use sba_service::config::{Config, Millis};
use sba_store::documents::{self, DocumentStatus, Progress};
use sba_subjects::{
    id::{CallId, DocumentId, RunId},
    tool::{KNOWLEDGE_TOOL, SearchResult},
};
use serde_json::json;
use tokio::time::Instant;
use uuid::Uuid;

use crate::support::{Bench, until};

/// Passages of the document: so many that it is cut off half way.
const PASSAGES: usize = 3_000;

/// A long document, each paragraph of which is a passage.
fn long() -> Vec<u8> {
    let paragraph =
        |n: usize| format!("Clause {n} of the contract. {}\n\n", "It is agreed upon by both sides. ".repeat(26));
    (0..PASSAGES).map(paragraph).collect::<String>().into_bytes()
}

async fn progress(bench: &Bench, id: DocumentId) -> (DocumentStatus, Option<Progress>) {
    let mut tx = bench.store.begin(bench.tenant.id()).await.unwrap();
    let document = documents::get(&mut tx, id).await.unwrap().unwrap();
    (document.status, document.progress)
}

/// Waits until so many passages are stored.
async fn stored(bench: &Bench, id: DocumentId, least: u32) -> Progress {
    until("passages to be stored", || async {
        let (status, progress) = progress(bench, id).await;
        assert_eq!(status, DocumentStatus::Pending, "it must be cut off before it is done");
        progress.filter(|progress| progress.done >= least)
    })
    .await
}

async fn found(bench: &Bench) -> Vec<String> {
    let (run, call) = (RunId::from_uuid(Uuid::new_v4()), CallId::from_uuid(Uuid::new_v4()));
    let found = bench.call(run, call, KNOWLEDGE_TOOL, json!({"query": "contract", "top_k": 5})).await;
    let found: SearchResult = serde_json::from_value(found.result).unwrap();
    found.hits.into_iter().map(|hit| hit.text).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn who_comes_after_a_worker_that_died_goes_on_behind_what_it_stored() {
    let few = |config: &mut Config| config.knowledge.index_batch = 2;
    let mut bench = Bench::start_configured(few, Vec::new()).await;
    let id = bench.put("contract.txt", "text/plain", b"The old contract.").await;
    bench.settled(id).await;
    bench.put("contract.txt", "text/plain", &long()).await;
    stored(&bench, id, 100).await;
    assert_eq!(found(&bench).await, ["The old contract."], "the old is found until the new is whole");
    let before = stored(&bench, id, 200).await;
    bench.replace(Vec::new()).await;
    loop {
        let (status, progress) = progress(&bench, id).await;
        if status != DocumentStatus::Pending {
            assert_eq!(status, DocumentStatus::Indexed);
            break;
        }
        let progress = progress.unwrap();
        assert!(progress.done >= before.done && progress.total == before.total, "{progress:?} after {before:?}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let document = bench.settled(id).await;
    assert_eq!((document.chunks, document.progress), (before.total, None));
    assert!(found(&bench).await.iter().all(|text| text.starts_with("Clause")));
    bench.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_may_take_longer_than_a_job_as_long_as_it_comes_on() {
    let deadline = Duration::from_millis(1_000);
    let change = |config: &mut Config| {
        config.knowledge.index_batch = 1;
        config.worker.job_deadline_ms = Millis::new(1_000);
    };
    let bench = Bench::start_configured(change, Vec::new()).await;
    let began = Instant::now();
    let id = bench.put("contract.txt", "text/plain", &long()).await;
    let document = bench.settled(id).await;
    assert_eq!((document.status, document.error_code), (DocumentStatus::Indexed, None));
    assert!(began.elapsed() > deadline, "it took less than a job may: the test shows nothing");
    bench.stop().await;
}
