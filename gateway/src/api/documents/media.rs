//! The media types of documents that are taken.

use crate::error::{ApiError, Code};

/// Media types, each with the other names it goes by and the endings of file names.
const KNOWN: &[(&str, &[&str], &[&str])] = &[
    ("text/markdown", &["text/x-markdown"], &["md", "markdown"]),
    ("text/plain", &[], &["txt", "text"]),
    ("text/html", &["application/xhtml+xml"], &["html", "htm", "xhtml"]),
    ("application/pdf", &["application/x-pdf"], &["pdf"]),
];

/// What says nothing about the content.
const VAGUE: &[&str] = &["application/octet-stream", "binary/octet-stream", ""];

/// The media type of a document: the one that was named, else the one that its name ends in.
///
/// # Errors
/// `unsupported_media_type` for any other, and where neither says what it is.
pub(super) fn media_type(named: Option<&str>, name: &str) -> Result<&'static str, ApiError> {
    let essence = named.and_then(|named| named.split(';').next()).unwrap_or_default().trim().to_ascii_lowercase();
    let ending = name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase()).unwrap_or_default();
    let by_ending = KNOWN.iter().find(|(_, _, endings)| endings.contains(&ending.as_str()));
    // Many clients know no Markdown and call it plain text, so the more exact of the two counts.
    let vague = VAGUE.contains(&essence.as_str()) || (essence == "text/plain" && by_ending.is_some());
    let found = if vague {
        by_ending
    } else {
        KNOWN.iter().find(|(name, others, _)| *name == essence || others.contains(&essence.as_str()))
    };
    found.map(|(name, _, _)| *name).ok_or_else(|| {
        ApiError::new(Code::UnsupportedMediaType, "documents are taken as Markdown, plain text, HTML or PDF")
    })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn what_is_named_counts_and_else_the_ending() {
        for (named, name, found) in [
            (Some("text/html; charset=utf-8"), "x.pdf", "text/html"),
            (Some("application/octet-stream"), "a/b/Report.PDF", "application/pdf"),
            (Some("text/plain"), "README.md", "text/markdown"),
            (Some("text/plain"), "README", "text/plain"),
            (None, "notes.txt", "text/plain"),
            (Some("text/x-markdown"), "x", "text/markdown"),
        ] {
            assert_eq!(media_type(named, name).unwrap(), found, "{named:?} {name}");
        }
    }

    #[test]
    fn what_is_not_taken_is_refused() {
        for (named, name) in
            [(Some("image/png"), "x.md"), (None, "x.exe"), (None, "x"), (Some("text/plain/x"), "x.txt")]
        {
            let refused = media_type(named, name).unwrap_err();
            assert_eq!(refused.code(), Code::UnsupportedMediaType, "{named:?} {name}");
        }
    }
}
