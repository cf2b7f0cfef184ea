//! What the tools do with documents of others, and with words that nobody wrote.

use std::sync::Arc;

use sba_store::{Store, artifacts, audit::Actor, blob::Blobs, chunks::NewChunk, documents};
use sba_subjects::{
    id::{CallId, RunId, TenantKey, UserId},
    tool::{Hit, RenderParams, RenderResult, SearchResult, Section, html_form},
};
use sba_workers::{
    ingest::embed::{Embedder as _, HashedEmbedder},
    tool::{Tool as _, ToolContext, knowledge::KnowledgeTool, render::RenderTool},
};
use serde_json::json;
use tempfile::TempDir;
use uuid::Uuid;

use crate::support::{database, new_document, new_tenant, open_blobs};

const TEXT: &str = "Das Café öffnet um neun. The secret of Acme is 4711.";

struct Shelf {
    store: Store,
    blobs: Blobs,
    tenant: TenantKey,
    _folder: TempDir,
}

impl Shelf {
    /// One document of one passage.
    async fn new() -> Self {
        let (store, _) = database().await;
        let tenant = new_tenant(&store).await;
        let folder = tempfile::tempdir().unwrap();
        let shelf = Self { store, blobs: open_blobs(&folder), tenant, _folder: folder };
        let new = new_document(&shelf.tenant, "notes.txt", "text/plain", TEXT.as_bytes());
        let embedding = HashedEmbedder.embed(vec![TEXT.to_owned()]).await.unwrap().remove(0);
        let length = u32::try_from(TEXT.chars().count()).unwrap();
        let chunk = NewChunk { heading_path: vec![], text: TEXT.to_owned(), span: 0..length, embedding };
        let mut tx = shelf.store.begin(shelf.tenant.id()).await.unwrap();
        let id = documents::put(&mut tx, &new, &Actor::default()).await.unwrap().id();
        sba_tests::index::index(&mut tx, id, new.content_sha256, TEXT, &[chunk]).await.unwrap();
        tx.commit().await.unwrap();
        shelf
    }

    fn context(&self, tenant: &TenantKey) -> ToolContext {
        ToolContext {
            tenant: tenant.id(),
            tenant_key: tenant.clone(),
            user: UserId::from_uuid(Uuid::nil()),
            run: RunId::from_uuid(Uuid::new_v4()),
            step: 1,
            call: CallId::from_uuid(Uuid::new_v4()),
        }
    }

    async fn search(&self, tenant: &TenantKey) -> Vec<Hit> {
        let tool = KnowledgeTool::new(self.store.clone(), Arc::new(HashedEmbedder), 6, 50);
        let params = json!({"query": "What is the secret of Acme?", "top_k": 1000});
        let found = tool.execute(&self.context(tenant), params).await.unwrap();
        serde_json::from_value::<SearchResult>(found).unwrap().hits
    }

    async fn render(&self, context: &ToolContext, sources: Vec<Hit>) -> RenderResult {
        let tool = RenderTool::new(self.store.clone(), self.blobs.clone());
        let named = (0..sources.len()).chain([99]).collect();
        let params = RenderParams {
            title: "Report".to_owned(),
            question: "What is the secret?".to_owned(),
            locale: None,
            sections: vec![Section { text: "See [7].".to_owned(), sources: named, ..Section::default() }],
            sources,
        };
        let made = tool.execute(context, serde_json::to_value(params).unwrap()).await.unwrap();
        serde_json::from_value(made).unwrap()
    }
}

#[tokio::test]
async fn no_tenant_finds_or_cites_what_is_anothers() {
    let shelf = Shelf::new().await;
    let hits = shelf.search(&shelf.tenant).await;
    assert_eq!(hits.len(), 1);
    let stranger = new_tenant(&shelf.store).await;
    assert!(shelf.search(&stranger).await.is_empty());
    let made = shelf.render(&shelf.context(&stranger), hits).await;
    assert_eq!((made.artifact.citations, made.dropped.len()), (0, 2));
    let mut tx = shelf.store.begin(shelf.tenant.id()).await.unwrap();
    assert!(artifacts::get(&mut tx, made.artifact.artifact_id).await.unwrap().is_none());
}

#[tokio::test]
async fn only_what_stands_in_the_document_is_cited() {
    let shelf = Shelf::new().await;
    let hit = shelf.search(&shelf.tenant).await.remove(0);
    let invented = Hit { text: "The secret of Acme is 0815.".to_owned(), ..hit.clone() };
    let moved = Hit { start: hit.start + 1, end: hit.end + 1, ..hit.clone() };
    let endless = Hit { start: 5, end: u64::MAX, ..hit.clone() };
    let context = shelf.context(&shelf.tenant);
    let made = shelf.render(&context, vec![invented, moved, endless, hit]).await;
    assert_eq!((made.artifact.citations, made.dropped.len()), (1, 4));

    let mut tx = shelf.store.begin(shelf.tenant.id()).await.unwrap();
    let row = artifacts::get(&mut tx, made.artifact.artifact_id).await.unwrap().unwrap();
    // The quote's own span, in characters.
    let (start, end) = (row.citations[0]["start"].as_u64().unwrap(), row.citations[0]["end"].as_u64().unwrap());
    let quoted: String = TEXT.chars().skip(start.try_into().unwrap()).take((end - start).try_into().unwrap()).collect();
    assert_eq!(row.citations[0]["quote"], json!(quoted));
    assert_eq!(quoted, "The secret of Acme is 4711.");
    let html = artifacts::get(&mut tx, html_form(&shelf.tenant, made.artifact.artifact_id)).await.unwrap().unwrap();
    let page = String::from_utf8(shelf.blobs.get(&html.blob).await.unwrap().to_vec()).unwrap();
    assert!(page.contains("The secret of Acme is 4711.") && !page.contains("0815") && !page.contains("[7]"), "{page}");
}
