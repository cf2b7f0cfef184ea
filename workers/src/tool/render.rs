//! Writes a document with sources: Markdown and HTML.
//!
//! What it cites stands in the tenant's documents, word for word: each passage is read again from the stored text, and
//! one that is not there any more is dropped and named. Nothing that a model wrote can cite, link or run.

mod compose;
mod quote;
mod sanitize;
mod verify;
mod words;

use async_trait::async_trait;
use bytes::Bytes;
use sba_store::{
    Store,
    artifacts::{self, NewArtifact},
    audit::Actor,
    blob::{BlobKey, Blobs},
};
use sba_subjects::{
    event::Artifact,
    id::ArtifactId,
    tool::{RENDER_TOOL, RenderParams, RenderResult, html_form},
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use self::{compose::Composed, verify::Citation};
use super::{Tool, ToolContext};
use crate::error::WorkError;

const MARKDOWN: &str = "text/markdown";
const HTML: &str = "text/html";

/// The longest title that is stored, in characters.
const MAX_TITLE: usize = 200;

/// Renders documents into the blob store.
pub struct RenderTool {
    store: Store,
    blobs: Blobs,
}

impl RenderTool {
    /// A tool that writes to these.
    #[must_use]
    pub const fn new(store: Store, blobs: Blobs) -> Self {
        Self { store, blobs }
    }
}

#[async_trait]
impl Tool for RenderTool {
    fn name(&self) -> &'static str {
        RENDER_TOOL
    }

    /// The whole of it: what the model gives is completed by the run.
    fn schema(&self) -> Value {
        json!({
            "type": "object",
            "required": ["title", "question", "sections", "sources"],
            "additionalProperties": false,
            "properties": {
                "title": {"type": "string", "maxLength": 2000, "description": "Title of the document."},
                "question": {"type": "string", "maxLength": 200_000, "description": "The question it answers."},
                "locale": {"type": ["string", "null"], "maxLength": 35, "description": "Language of the fixed words."},
                "sections": {
                    "type": "array", "maxItems": 50,
                    "items": {
                        "type": "object",
                        "required": ["heading", "text", "sources"],
                        "properties": {
                            "heading": {"type": "string", "maxLength": 2000},
                            "text": {"type": "string", "maxLength": 200_000},
                            "sources": {"type": "array", "maxItems": 100, "items": {"type": "integer", "minimum": 0}},
                            "gap": {"type": ["string", "null"], "description": "Why its text is not whole."}
                        }
                    }
                },
                "sources": {"type": "array", "maxItems": 100, "items": {"type": "object"}}
            }
        })
    }

    async fn execute(&self, context: &ToolContext, params: Value) -> Result<Value, WorkError> {
        let params: RenderParams = super::read_params(params)?;
        let id = ArtifactId::from_uuid(context.tenant_key.derive("artifact", &context.call.to_string()));
        let (citations, dropped) = verify::citations(&self.store, context.tenant, &params).await?;
        // The same call again answers from what it stored the first time, whatever became of the documents since.
        let mut tx = self.store.begin(context.tenant).await?;
        if let Some(stored) = artifacts::get(&mut tx, id).await? {
            let citations = stored.citations.as_array().map_or(0, Vec::len);
            return result(id, stored.title, stored.bytes, citations, dropped);
        }
        drop(tx);
        let document = compose::document(&params, &citations);
        let bytes = document.markdown.len() as u64;
        let result = result(id, document.title.clone(), bytes, citations.len(), dropped)?;
        self.save(context, id, &document, &citations, &result).await?;
        Ok(result)
    }
}

impl RenderTool {
    /// Stores the bytes, then the rows with their audit entries and the result in one transaction. Bytes without a row are harmless:
    /// the next try writes them again under the same name.
    async fn save(
        &self,
        context: &ToolContext,
        id: ArtifactId,
        document: &Composed,
        citations: &[Citation],
        result: &Value,
    ) -> Result<(), WorkError> {
        let html_id = html_form(&context.tenant_key, id);
        let citations: Vec<Value> = citations.iter().map(Citation::record).collect();
        let mut rows = Vec::with_capacity(2);
        for (id, media_type, text) in [(id, MARKDOWN, &document.markdown), (html_id, HTML, &document.html)] {
            let sha256: [u8; 32] = Sha256::digest(text).into();
            let blob = BlobKey::artifact(context.tenant, id, sha256);
            self.blobs.put(&blob, Bytes::copy_from_slice(text.as_bytes())).await?;
            rows.push(NewArtifact {
                id,
                run_id: context.run,
                title: document.title.clone(),
                media_type: media_type.to_owned(),
                bytes: text.len() as u64,
                sha256,
                blob,
                citations: Value::Array(citations.clone()),
            });
        }
        let mut tx = self.store.begin(context.tenant).await?;
        for row in &rows {
            artifacts::create(&mut tx, row, &Actor::user(context.user)).await?;
        }
        // Whoever did the same call meanwhile wrote the same.
        context.finish(&mut tx, result).await?;
        Ok(tx.commit().await?)
    }
}

fn result(
    id: ArtifactId,
    title: String,
    bytes: u64,
    citations: usize,
    dropped: Vec<String>,
) -> Result<Value, WorkError> {
    super::write_result(&RenderResult {
        artifact: Artifact {
            artifact_id: id,
            title,
            media_type: MARKDOWN.to_owned(),
            bytes,
            url: format!("/api/v1/artifacts/{id}/content"),
            citations: citations as u64,
        },
        dropped,
    })
}
