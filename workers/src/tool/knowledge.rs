//! Looks passages up in the tenant's documents.

use std::sync::Arc;

use async_trait::async_trait;
use sba_store::{
    Store,
    search::{self, Query},
};
use sba_subjects::tool::{Hit, KNOWLEDGE_TOOL, SearchParams, SearchResult};
use serde_json::{Value, json};

use super::{Tool, ToolContext, with_property};
use crate::{
    error::WorkError,
    ingest::embed::{EmbedError, Embedder},
};

/// How much of a query is looked at, in characters. The embedding model reads no more.
const MAX_QUERY: usize = 2_000;

/// Full-text and vector search, fused.
pub struct KnowledgeTool {
    store: Store,
    embedder: Arc<dyn Embedder>,
    top_k: u32,
    max_top_k: u32,
}

impl KnowledgeTool {
    /// A tool that returns `top_k` passages where the caller names no number, and at most `max_top_k`.
    #[must_use]
    pub fn new(store: Store, embedder: Arc<dyn Embedder>, top_k: u32, max_top_k: u32) -> Self {
        Self { store, embedder, top_k, max_top_k: max_top_k.clamp(1, search::MAX_LIMIT) }
    }
}

#[async_trait]
impl Tool for KnowledgeTool {
    fn name(&self) -> &'static str {
        KNOWLEDGE_TOOL
    }

    fn schema(&self) -> Value {
        let top_k = json!({
            "type": ["integer", "null"], "minimum": 1, "maximum": 1000, "description": "Most passages to return."
        });
        with_property(KNOWLEDGE_TOOL, "top_k", top_k)
    }

    async fn execute(&self, context: &ToolContext, params: Value) -> Result<Value, WorkError> {
        let params: SearchParams = super::read_params(params)?;
        if params.query.trim().is_empty() {
            return Err(WorkError::lasting("tool_params_invalid", "the query is blank"));
        }
        let query: String = params.query.chars().take(MAX_QUERY).collect();
        let mut vectors = self.embedder.embed(vec![query.clone()]).await?;
        let vector = vectors.pop().ok_or_else(|| EmbedError::Model("it gave no vector".into()))?;
        let query = Query::new(query, vector, params.top_k.unwrap_or(self.top_k).min(self.max_top_k));
        let mut tx = self.store.begin(context.tenant).await?;
        let hits = search::search(&mut tx, &query).await?.into_iter().map(hit).collect();
        super::write_result(&SearchResult { hits })
    }
}

fn hit(found: search::Hit) -> Hit {
    Hit {
        document_id: found.document_id,
        title: found.title,
        heading_path: found.heading_path,
        text: found.text,
        start: found.span.start.into(),
        end: found.span.end.into(),
        score: found.score,
        text_rank: found.text_rank,
        vector_rank: found.vector_rank,
    }
}
