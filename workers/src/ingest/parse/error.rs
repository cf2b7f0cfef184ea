//! Why a document cannot be read.

/// Why a document cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// Neither its media type nor its file name is one that can be read.
    #[error("documents of type {media_type:?} are not supported; use Markdown, plain text, HTML or PDF")]
    UnsupportedType {
        /// The media type or file name given, cut to 100 characters.
        media_type: String,
    },
    /// It is not what its type says, or it is damaged.
    #[error("the document is not readable as {format}: {reason}")]
    NotReadable {
        /// The format it was read as.
        format: &'static str,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// It can only be read with a password.
    #[error("the document is encrypted")]
    Encrypted,
    /// It has more of something than is allowed.
    #[error("the document has more than {limit} {what}")]
    TooLarge {
        /// What it has too much of: bytes, characters of text, blocks, pages.
        what: &'static str,
        /// How much is allowed.
        limit: usize,
    },
    /// Reading it would take too much time, memory or stack.
    #[error("the document is too complex: {reason}")]
    TooComplex {
        /// What made it so.
        reason: &'static str,
    },
    /// There is no text in it (a scanned PDF without a text layer, for one).
    #[error("the document contains no text")]
    Empty,
    /// All readers are busy with other documents. Worth trying again.
    #[error("no reader was free in time")]
    Busy,
}

impl ParseError {
    /// For a document of this media type, or of this name where the type says nothing.
    #[must_use]
    pub fn unsupported(media_type: &str, name: &str) -> Self {
        let what = if media_type.is_empty() { name } else { media_type };
        Self::UnsupportedType { media_type: what.chars().take(100).collect() }
    }

    /// The stable code of this error.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::UnsupportedType { .. } => "document_unsupported_type",
            Self::NotReadable { .. } => "document_not_readable",
            Self::Encrypted => "document_encrypted",
            Self::TooLarge { .. } => "document_too_large",
            Self::TooComplex { .. } => "document_too_complex",
            Self::Empty => "document_empty",
            Self::Busy => "document_reader_busy",
        }
    }

    /// Whether the same document may be read at another time.
    #[must_use]
    pub const fn is_retryable(&self) -> bool {
        matches!(self, Self::Busy)
    }
}
