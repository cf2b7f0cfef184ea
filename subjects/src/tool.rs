//! What the built-in tools take and return.
//!
//! The orchestrator writes the parameters and reads the results, the workers do the reverse. In a
//! [`ToolRequest`](crate::event::ToolRequest) and a [`ToolResult`](crate::event::ToolResult) they stand as JSON.

use serde::{Deserialize, Serialize};

use std::{fmt, str::FromStr};

use crate::{
    event::Artifact,
    id::{ArtifactId, DocumentId, InvalidId, TenantKey},
    name::closed_set,
};

mod catalog;
mod served;
pub mod task;

pub use catalog::{
    ASK_TOOL, CATALOG, KNOWLEDGE_TOOL, MEMBERS, RENDER_TOOL, TASK_COMPLETE, TASK_CREATE, TASK_LIST, TASK_UPDATE,
    ToolSpec, spec,
};
pub use served::{SERVED_PREFIX, ServedTool, is_served};

/// Parameters of [`KNOWLEDGE_TOOL`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SearchParams {
    /// What is looked for, in words.
    pub query: String,
    /// Most passages to return; as many as the configuration says where it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub top_k: Option<u32>,
}

/// Result of [`KNOWLEDGE_TOOL`].
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SearchResult {
    /// The passages, best first.
    pub hits: Vec<Hit>,
}

/// A passage of a document.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Hit {
    /// The document.
    pub document_id: DocumentId,
    /// Its title.
    pub title: String,
    /// Headings above the passage, outermost first.
    #[serde(default)]
    pub heading_path: Vec<String>,
    /// The passage.
    pub text: String,
    /// Where it begins in the document's extracted text, in characters.
    pub start: u64,
    /// Where it ends, in characters.
    pub end: u64,
    /// How well it fits, larger is better; comparable within one result only.
    pub score: f64,
    /// Its place among the hits of the full text search, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text_rank: Option<u32>,
    /// Its place among the nearest vectors, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vector_rank: Option<u32>,
}

/// Parameters of [`RENDER_TOOL`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RenderParams {
    /// Title of the document.
    pub title: String,
    /// The question it answers.
    pub question: String,
    /// Language of the fixed words in it, as a BCP 47 tag.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locale: Option<String>,
    /// Its sections, in order. The first answers the question.
    pub sections: Vec<Section>,
    /// The passages that the sections rest on.
    pub sources: Vec<Hit>,
}

/// A section of a document.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Section {
    /// Its heading; empty for none.
    pub heading: String,
    /// Its text, as the model wrote it: hostile until it is sanitized.
    pub text: String,
    /// The passages that the model was shown for it: indexes into [`RenderParams::sources`].
    pub sources: Vec<usize>,
    /// Why its text is not whole, where it is not: the reader is told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gap: Option<Gap>,
}

closed_set!(
    /// Why a text is not whole.
    Gap, "gap" {
        /// The model's provider kept it, or the rest of it, back.
        Withheld = "withheld",
        /// The model wrote nothing, or nothing but the question.
        Unwritten = "unwritten",
        /// What is missing was made up: the passages say nothing of it.
        MadeUp = "made_up",
    }
);

/// Result of [`RENDER_TOOL`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RenderResult {
    /// The document.
    pub artifact: Artifact,
    /// Passages that were to be cited but do not stand in their document any more, in words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dropped: Vec<String>,
}

/// The id of the page of HTML that is made beside a document in Markdown.
#[must_use]
pub fn html_form(tenant: &TenantKey, markdown: ArtifactId) -> ArtifactId {
    ArtifactId::from_uuid(tenant.derive("artifact.html", &markdown.to_string()))
}

/// What a model gives to [`RENDER_TOOL`]; the run adds the passages that it looked up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WrittenDocument {
    /// Title of the document.
    pub title: String,
    /// Its text, in Markdown.
    pub text: String,
}

/// Parameters of [`ASK_TOOL`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AskParams {
    /// The question.
    pub question: String,
    /// Answers to choose from; any words will do where there are none.
    #[serde(default)]
    pub options: Vec<String>,
}
