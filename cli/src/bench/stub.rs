//! A worker whose look-up does nothing but answer: what is left of a run then is what SBA itself takes.

use std::sync::Arc;

use async_trait::async_trait;
use sba_subjects::{
    id::DocumentId,
    tool::{Hit, KNOWLEDGE_TOOL, SearchResult},
};
use sba_workers::{
    WorkError,
    tool::{Tool, ToolContext},
};
use serde_json::{Value, json};
use uuid::Uuid;

/// What is found, whatever is looked for.
const PASSAGE: &str = "Invoices are paid within thirty days of their receipt. A supplier who grants a discount is paid \
    within ten days. Whoever pays later owes interest from the day after the term.";

/// The tools of such a worker.
#[must_use]
pub fn tools() -> Vec<Arc<dyn Tool>> {
    let hit = Hit {
        document_id: DocumentId::from_uuid(Uuid::nil()),
        title: "Terms of payment".to_owned(),
        heading_path: vec!["Terms of payment".to_owned()],
        text: PASSAGE.to_owned(),
        start: 0,
        end: PASSAGE.len() as u64,
        score: 1.0,
        text_rank: Some(1),
        vector_rank: Some(1),
    };
    vec![Arc::new(LookUp { found: json!(SearchResult { hits: vec![hit] }) })]
}

/// The look-up, but for the looking up.
struct LookUp {
    found: Value,
}

#[async_trait]
impl Tool for LookUp {
    fn name(&self) -> &'static str {
        KNOWLEDGE_TOOL
    }

    async fn execute(&self, _context: &ToolContext, _params: Value) -> Result<Value, WorkError> {
        Ok(self.found.clone())
    }
}
