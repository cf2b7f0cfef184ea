//! Documents: handed in, indexed, replaced, deleted.

use sba_store::{
    Page, StoreError, audit,
    chunks::NewChunk,
    documents::{self, DocumentStatus, Indexed, Put},
    search::{self, Query},
};
use sba_subjects::run::Failure;
use sba_tests::index::{draft, index};

use crate::support::{self, actor, axis, chunk, document};

async fn found(store: &sba_store::Store, tenant: &sba_subjects::id::TenantKey, words: &str) -> Vec<String> {
    let mut tx = store.begin(tenant.id()).await.unwrap();
    let hits = search::search(&mut tx, &Query::new(words, axis(0), 10)).await.unwrap();
    hits.into_iter().map(|hit| hit.text).collect()
}

#[tokio::test]
async fn the_same_document_again_changes_nothing() {
    let (store, tenant) = support::store().await;
    let id = support::index(&store, &tenant, &document(&tenant, "a.txt", 1), &[chunk("apples", axis(0))]).await;
    let mut tx = store.begin(tenant.id()).await.unwrap();
    let before = documents::get(&mut tx, id).await.unwrap();
    let again = documents::put(&mut tx, &document(&tenant, "a.txt", 1), &actor()).await.unwrap();
    assert_eq!(again, Put::Unchanged { id, status: DocumentStatus::Indexed });
    assert_eq!(documents::get(&mut tx, id).await.unwrap(), before);
    let entries = audit::list(&mut tx, Page::default()).await.unwrap();
    let actions: Vec<_> = entries.items.iter().map(|e| e.action.as_str()).collect();
    assert_eq!(actions.iter().filter(|a| a.starts_with("document")).count(), 1, "{actions:?}");
}

#[tokio::test]
async fn a_changed_document_replaces_its_passages_at_once() {
    let (store, tenant) = support::store().await;
    let (old, new) = (document(&tenant, "a.txt", 1), document(&tenant, "a.txt", 2));
    let many = [chunk("apples", axis(0)), chunk("pears", axis(1))];
    let id = support::index(&store, &tenant, &old, &many).await;

    let mut tx = store.begin(tenant.id()).await.unwrap();
    let put = documents::put(&mut tx, &new, &actor()).await.unwrap();
    assert_eq!(put, Put::Replaced { id, stale: Some(old.blob) });
    tx.commit().await.unwrap();
    assert_eq!(found(&store, &tenant, "apples").await.len(), 2, "what was indexed stays until it is replaced");

    let mut tx = store.begin(tenant.id()).await.unwrap();
    let late = index(&mut tx, id, [1; 32], "apples", &many).await.unwrap();
    assert_eq!(late, Indexed::Superseded, "a job for older content was taken");
    let done = index(&mut tx, id, [2; 32], "plums", &[chunk("plums", axis(0))]).await.unwrap();
    assert_eq!(done, Indexed::Stored);
    tx.commit().await.unwrap();
    assert_eq!(found(&store, &tenant, "apples").await, ["plums"]);
    let mut tx = store.begin(tenant.id()).await.unwrap();
    let stored = documents::get(&mut tx, id).await.unwrap().unwrap();
    assert_eq!((stored.status, stored.chunks, stored.content_sha256), (DocumentStatus::Indexed, 1, vec![2; 32]));
}

#[tokio::test]
async fn a_deleted_document_is_found_no_more() {
    let (store, tenant) = support::store().await;
    let fruit = document(&tenant, "fruit.txt", 1);
    let id = support::index(&store, &tenant, &fruit, &[chunk("apples", axis(0))]).await;
    support::index(&store, &tenant, &document(&tenant, "nuts.txt", 2), &[chunk("walnuts", axis(1))]).await;
    let mut tx = store.begin(tenant.id()).await.unwrap();
    assert_eq!(documents::delete(&mut tx, id, &actor()).await.unwrap(), Some(fruit.blob));
    assert_eq!(documents::delete(&mut tx, id, &actor()).await.unwrap(), None);
    let late = index(&mut tx, id, [1; 32], "x", &[chunk("apples", axis(0))]).await.unwrap();
    assert_eq!(late, Indexed::Superseded, "a job brought a deleted document back");
    tx.commit().await.unwrap();
    assert_eq!(found(&store, &tenant, "apples").await, ["walnuts"]);
    let mut tx = store.begin(tenant.id()).await.unwrap();
    let entries = audit::list(&mut tx, Page::default()).await.unwrap();
    let entry = entries.items.iter().find(|e| e.action == "document_deleted").unwrap();
    assert_eq!((entry.user_id, entry.request_id.clone()), (actor().user_id, actor().request_id));
    assert_eq!(entry.payload["title"], "fruit.txt");
}

#[tokio::test]
async fn work_on_a_document_that_was_handed_in_anew_meanwhile_is_left() {
    let (store, tenant) = support::store().await;
    let fruit = document(&tenant, "fruit.txt", 1);
    let mut tx = store.begin(tenant.id()).await.unwrap();
    let id = documents::put(&mut tx, &fruit, &actor()).await.unwrap().id();
    let chunks = [chunk("apples", axis(0)), chunk("pears", axis(1))];
    let draft = draft(&mut tx, id, fruit.content_sha256, chunks.len()).await.unwrap();
    assert_eq!(documents::begin(&mut tx, &draft).await.unwrap(), Some(0));
    assert_eq!(documents::add(&mut tx, &draft, 0, &chunks[..1]).await.unwrap(), Indexed::Stored);
    documents::delete(&mut tx, id, &actor()).await.unwrap();
    documents::put(&mut tx, &fruit, &actor()).await.unwrap();
    assert_eq!(documents::add(&mut tx, &draft, 1, &chunks[1..]).await.unwrap(), Indexed::Superseded);
    assert_eq!(documents::begin(&mut tx, &draft).await.unwrap(), Some(0), "whoever comes next begins");
}

#[tokio::test]
async fn a_document_that_cannot_be_indexed_says_why_and_may_be_tried_again() {
    let (store, tenant) = support::store().await;
    let broken = document(&tenant, "a.pdf", 1);
    let id = support::index(&store, &tenant, &broken, &[chunk("apples", axis(0))]).await;
    let mut tx = store.begin(tenant.id()).await.unwrap();
    let why = Failure::new("pdf_unreadable", "It is no PDF\0.");
    assert_eq!(documents::fail(&mut tx, id, &[9; 32], &why).await.unwrap(), Indexed::Superseded);
    assert_eq!(documents::fail(&mut tx, id, &[1; 32], &why).await.unwrap(), Indexed::Stored);
    let stored = documents::get(&mut tx, id).await.unwrap().unwrap();
    assert_eq!((stored.status, stored.chunks), (DocumentStatus::Failed, 0));
    assert_eq!(stored.error_code.as_deref(), Some("pdf_unreadable"));
    let failed = documents::list(&mut tx, Some(DocumentStatus::Failed), Page::default()).await.unwrap();
    assert_eq!(failed.items.len(), 1);
    let again = documents::put(&mut tx, &broken, &actor()).await.unwrap();
    assert_eq!(again, Put::Replaced { id, stale: None }, "bytes that are still named were given up");
    tx.commit().await.unwrap();
    assert_eq!(found(&store, &tenant, "apples").await, Vec::<String>::new());
}

#[tokio::test]
async fn spans_are_characters_of_the_text() {
    let (store, tenant) = support::store().await;
    let text = "Größe: 3\0 µm. Ende.";
    let passage = NewChunk { span: 7..12, ..chunk("3\0 µm", axis(0)) };
    let new = document(&tenant, "a.txt", 1);
    let mut tx = store.begin(tenant.id()).await.unwrap();
    let id = documents::put(&mut tx, &new, &actor()).await.unwrap().id();
    index(&mut tx, id, new.content_sha256, text, &[passage]).await.unwrap();
    let hits = search::search(&mut tx, &Query::new("µm", axis(0), 1)).await.unwrap();
    let cut = documents::excerpt(&mut tx, id, hits[0].span.clone()).await.unwrap();
    assert_eq!(cut.as_ref(), Some(&hits[0].text), "the span and the passage do not agree");
    assert_eq!(documents::excerpt(&mut tx, id, 14..999).await.unwrap().as_deref(), Some("Ende."));
    assert_eq!(documents::excerpt(&mut tx, id, u32::MAX - 1..u32::MAX).await.unwrap().as_deref(), Some(""));
}

#[tokio::test]
async fn what_does_not_fit_is_refused_and_leaves_nothing() {
    let (store, tenant) = support::store().await;
    let new = document(&tenant, "a.txt", 1);
    for bad in [
        chunk("short", vec![1.0; 3]),
        chunk("infinite", vec![f32::INFINITY; 384]),
        chunk("", axis(0)),
        chunk(&"x".repeat(70_000), axis(0)),
    ] {
        let mut tx = store.begin(tenant.id()).await.unwrap();
        let id = documents::put(&mut tx, &new, &actor()).await.unwrap().id();
        let error = index(&mut tx, id, [1; 32], "t", &[bad]).await.unwrap_err();
        assert!(matches!(error, StoreError::InvalidValue(_)), "{error:?}");
        drop(tx);
        let mut tx = store.begin(tenant.id()).await.unwrap();
        assert_eq!(documents::get(&mut tx, id).await.unwrap(), None);
    }
    let mut tx = store.begin(tenant.id()).await.unwrap();
    let untitled = sba_store::documents::NewDocument { title: String::new(), ..new };
    assert_eq!(documents::put(&mut tx, &untitled, &actor()).await.unwrap_err().code(), "invalid_value");
}

#[tokio::test]
async fn an_edition_is_added_to_piece_by_piece_and_found_as_a_whole() {
    let (store, tenant) = support::store().await;
    let (old, new) = (document(&tenant, "a.txt", 1), document(&tenant, "a.txt", 2));
    let id = support::index(&store, &tenant, &old, &[chunk("apples", axis(0))]).await;
    let mut tx = store.begin(tenant.id()).await.unwrap();
    documents::put(&mut tx, &new, &actor()).await.unwrap();
    let parts = [chunk("apples and plums", axis(0)), chunk("apples and pears", axis(1))];
    let draft = draft(&mut tx, id, [2; 32], parts.len()).await.unwrap();
    assert_eq!(documents::begin(&mut tx, &draft).await.unwrap(), Some(0));
    assert_eq!(documents::add(&mut tx, &draft, 0, &parts[..1]).await.unwrap(), Indexed::Stored);
    assert_eq!(documents::publish(&mut tx, &draft, "text").await.unwrap(), Indexed::Incomplete);
    tx.commit().await.unwrap();
    assert_eq!(found(&store, &tenant, "apples").await, ["apples"], "a part of an edition was found");

    let mut tx = store.begin(tenant.id()).await.unwrap();
    assert_eq!(documents::begin(&mut tx, &draft).await.unwrap(), Some(1), "what is stored is not made again");
    let progress = documents::get(&mut tx, id).await.unwrap().unwrap().progress.unwrap();
    assert_eq!((progress.done, progress.total), (1, 2));
    // Whoever was taken for dead stores the same once more.
    documents::add(&mut tx, &draft, 0, &parts[..1]).await.unwrap();
    documents::add(&mut tx, &draft, 1, &parts[1..]).await.unwrap();
    assert_eq!(documents::publish(&mut tx, &draft, "text").await.unwrap(), Indexed::Stored);
    assert_eq!(documents::begin(&mut tx, &draft).await.unwrap(), None, "it is indexed");
    tx.commit().await.unwrap();
    let mut all = found(&store, &tenant, "apples").await;
    all.sort_unstable();
    assert_eq!(all, ["apples and pears", "apples and plums"]);
    let mut tx = store.begin(tenant.id()).await.unwrap();
    let stored = documents::get(&mut tx, id).await.unwrap().unwrap();
    assert_eq!((stored.status, stored.chunks, stored.progress), (DocumentStatus::Indexed, 2, None));
}

#[tokio::test]
async fn an_edition_of_a_document_that_failed_before_is_not_found_before_it_is_whole() {
    let (store, tenant) = support::store().await;
    let new = document(&tenant, "a.txt", 1);
    let parts = [chunk("apples", axis(0)), chunk("more apples", axis(1))];
    let id = support::index(&store, &tenant, &new, &parts).await;
    let mut tx = store.begin(tenant.id()).await.unwrap();
    documents::fail(&mut tx, id, &[1; 32], &Failure::new("blob_not_found", "Gone.")).await.unwrap();
    documents::put(&mut tx, &new, &actor()).await.unwrap();
    let draft = draft(&mut tx, id, [1; 32], parts.len()).await.unwrap();
    assert_eq!(documents::begin(&mut tx, &draft).await.unwrap(), Some(0));
    documents::add(&mut tx, &draft, 0, &parts[..1]).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(found(&store, &tenant, "apples").await, Vec::<String>::new());
}

#[tokio::test]
async fn what_nobody_goes_on_with_is_removed() {
    let (store, tenant) = support::store().await;
    let new = document(&tenant, "a.txt", 1);
    let mut tx = store.begin(tenant.id()).await.unwrap();
    let id = documents::put(&mut tx, &new, &actor()).await.unwrap().id();
    let first = draft(&mut tx, id, [1; 32], 2).await.unwrap();
    let other = documents::Draft { edition: uuid::Uuid::from_u128(9), ..first.clone() };
    documents::begin(&mut tx, &first).await.unwrap();
    documents::add(&mut tx, &first, 0, &[chunk("apples", axis(0))]).await.unwrap();
    assert_eq!(documents::begin(&mut tx, &other).await.unwrap(), Some(0));
    assert_eq!(documents::begin(&mut tx, &first).await.unwrap(), Some(0));
}
