//! Documents of a tenant's knowledge: what they are, and where their indexing stands.
//!
//! A document is known by its source. Text and passages are replaced together, in one transaction, and only
//! by a job for the content that the row names: a job for older content does nothing. What a job has worked out so far
//! is kept beside what is found, as an edition.

mod format;
mod index;
mod read;
mod write;

use sba_subjects::id::{DocumentId, InvalidId, UserId};
use std::{fmt, str::FromStr};
use time::OffsetDateTime;

use crate::{blob::BlobKey, language::Language};

pub use format::Format;
pub use index::{Draft, Indexed, MAX_TITLE, add, begin, fail, publish};
pub use read::{excerpt, get, list, text};
pub use write::{Put, delete, put};

/// A document as it is handed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewDocument {
    /// Its id, used when its source is new.
    pub id: DocumentId,
    /// Its title, 1 to 500 characters.
    pub title: String,
    /// Where it came from, 1 to 2000 characters: a path, an address or a name.
    pub source: String,
    /// Media type of its bytes, e.g. `text/markdown`.
    pub media_type: String,
    /// The language it is written in.
    pub language: Language,
    /// SHA-256 of its bytes.
    pub content_sha256: [u8; 32],
    /// How many bytes it has.
    pub bytes: u64,
    /// Where its bytes are kept.
    pub blob: BlobKey,
}

/// Where the indexing of a document stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DocumentStatus {
    /// It waits to be indexed. What was indexed of older content is still found.
    Pending,
    /// Its passages are found.
    Indexed,
    /// It cannot be indexed and nothing of it is found.
    Failed,
}

impl DocumentStatus {
    /// The word that is stored.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Indexed => "indexed",
            Self::Failed => "failed",
        }
    }
}

impl fmt::Display for DocumentStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for DocumentStatus {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        [Self::Pending, Self::Indexed, Self::Failed]
            .into_iter()
            .find(|status| status.as_str() == text)
            .ok_or_else(|| InvalidId::new("document status", text))
    }
}

/// How far indexing has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Passages that are stored.
    pub done: u32,
    /// Passages that there will be.
    pub total: u32,
}

/// A stored document, without its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// Its id.
    pub id: DocumentId,
    /// Its title.
    pub title: String,
    /// Where it came from.
    pub source: String,
    /// Media type of its bytes.
    pub media_type: String,
    /// Name of the text search configuration that it is indexed with.
    pub language: String,
    /// SHA-256 of its bytes.
    pub content_sha256: Vec<u8>,
    /// How many bytes it has.
    pub bytes: u64,
    /// Where its bytes are kept.
    pub blob: BlobKey,
    /// Where its indexing stands.
    pub status: DocumentStatus,
    /// Stable code of why it failed.
    pub error_code: Option<String>,
    /// One sentence on why it failed.
    pub error_message: Option<String>,
    /// How many passages of it are found.
    pub chunks: u32,
    /// How far the indexing of its next edition has come; none before it is read, and when it is done.
    pub progress: Option<Progress>,
    /// Who handed it in first.
    pub created_by: Option<UserId>,
    /// When it was first handed in.
    pub created_at: OffsetDateTime,
    /// When its row last changed.
    pub updated_at: OffsetDateTime,
    /// When it was last indexed.
    pub indexed_at: Option<OffsetDateTime>,
}
