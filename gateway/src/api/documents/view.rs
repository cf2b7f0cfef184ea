//! A document, as the API shows it.

use sba_store::documents::{Document, DocumentStatus, Progress};
use sba_subjects::visible::visible;
use serde::Serialize;
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

/// A document of the tenant's knowledge.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DocumentView {
    /// The document.
    document_id: Uuid,
    /// Its title.
    #[schema(example = "Terms of payment")]
    title: String,
    /// Where it came from; the tenant has one document for each source.
    #[schema(example = "contracts/terms.md")]
    source: String,
    /// Its media type.
    #[schema(example = "text/markdown")]
    media_type: String,
    /// Its size in bytes.
    bytes: u64,
    /// SHA-256 of its bytes, in hex.
    sha256: String,
    /// `pending` until it can be found, then `indexed`; `failed` when it cannot be read.
    #[schema(example = "indexed")]
    status: &'static str,
    /// Why it failed.
    error: Option<DocumentError>,
    /// How many passages of it can be found.
    chunks: u32,
    /// How far its indexing has come; null before it is read, and when it is done.
    progress: Option<ProgressView>,
    /// When it was first handed in.
    #[serde(with = "time::serde::rfc3339")]
    created_at: OffsetDateTime,
    /// When it last changed.
    #[serde(with = "time::serde::rfc3339")]
    updated_at: OffsetDateTime,
    /// When it was last indexed.
    #[serde(with = "time::serde::rfc3339::option")]
    indexed_at: Option<OffsetDateTime>,
}

/// How far the indexing of a document has come.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ProgressView {
    /// Passages that are done.
    #[schema(example = 512)]
    done: u32,
    /// Passages that there will be.
    #[schema(example = 22_400)]
    total: u32,
}

/// Why a document cannot be found.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DocumentError {
    /// Stable code.
    #[schema(example = "pdf_invalid")]
    code: String,
    /// One sentence for a person.
    message: String,
}

impl From<Document> for DocumentView {
    fn from(document: Document) -> Self {
        let failed = document.error_code.filter(|_| document.status == DocumentStatus::Failed);
        let message = document.error_message.unwrap_or_default();
        Self {
            document_id: document.id.as_uuid(),
            title: document.title,
            source: visible(&document.source).into_owned(),
            media_type: document.media_type,
            bytes: document.bytes,
            sha256: data_encoding::HEXLOWER.encode(&document.content_sha256),
            status: document.status.as_str(),
            error: failed.map(|code| DocumentError { code, message }),
            chunks: document.chunks,
            progress: document.progress.map(|Progress { done, total }| ProgressView { done, total }),
            created_at: document.created_at,
            updated_at: document.updated_at,
            indexed_at: document.indexed_at,
        }
    }
}
