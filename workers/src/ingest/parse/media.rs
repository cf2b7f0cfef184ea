//! Which format a document has, from its media type and file name.

use sba_subjects::visible::visible;

use super::ParseError;

/// A format that can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// CommonMark with GitHub's tables, task lists and footnotes.
    Markdown,
    /// Plain text.
    Text,
    /// HTML.
    Html,
    /// PDF.
    Pdf,
}

/// The longest title, in characters.
const MAX_TITLE: usize = 200;

impl Format {
    /// The format of a document: by its media type, or by its file name where the type says nothing
    /// (`application/octet-stream`, `text/plain`, empty).
    ///
    /// # Errors
    /// [`ParseError::UnsupportedType`] when neither names a supported format.
    pub fn detect(media_type: &str, name: &str) -> Result<Self, ParseError> {
        let essence = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        match essence.as_str() {
            "text/markdown" | "text/x-markdown" => Ok(Self::Markdown),
            "text/html" | "application/xhtml+xml" => Ok(Self::Html),
            "application/pdf" | "application/x-pdf" => Ok(Self::Pdf),
            // Browsers and command-line clients call Markdown plain text.
            "text/plain" => Ok(Self::from_extension(name).unwrap_or(Self::Text)),
            "" | "application/octet-stream" => {
                Self::from_extension(name).ok_or_else(|| unsupported(if name.is_empty() { media_type } else { name }))
            }
            _ => Err(unsupported(media_type)),
        }
    }

    /// The media type of this format.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Markdown => "text/markdown",
            Self::Text => "text/plain",
            Self::Html => "text/html",
            Self::Pdf => "application/pdf",
        }
    }

    fn from_extension(name: &str) -> Option<Self> {
        let (_, extension) = name.rsplit_once('.')?;
        match extension.to_ascii_lowercase().as_str() {
            "md" | "markdown" | "mdown" | "mkd" => Some(Self::Markdown),
            "txt" | "text" | "log" => Some(Self::Text),
            "html" | "htm" | "xhtml" => Some(Self::Html),
            "pdf" => Some(Self::Pdf),
            _ => None,
        }
    }
}

fn unsupported(what: &str) -> ParseError {
    ParseError::UnsupportedType { media_type: what.chars().take(100).collect() }
}

/// A title made of a file name: without folders and extension.
pub(super) fn title_from_name(name: &str) -> String {
    let file = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let stem = file.rsplit_once('.').map_or(file, |(stem, _)| if stem.is_empty() { file } else { stem });
    let title = one_line(stem);
    if title.is_empty() { "Untitled".to_owned() } else { title }
}

/// Text as a title: one line, no control characters, at most 200 characters.
pub(super) fn one_line(text: &str) -> String {
    let mut line = String::new();
    let text = visible(text);
    for word in text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty()) {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
        if line.chars().count() > MAX_TITLE {
            return line.chars().take(MAX_TITLE).collect();
        }
    }
    line
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn the_media_type_decides_and_the_name_fills_in() {
        assert_eq!(Format::detect("text/html; charset=utf-8", "a.pdf").unwrap(), Format::Html);
        assert_eq!(Format::detect("text/plain", "notes.md").unwrap(), Format::Markdown);
        assert_eq!(Format::detect("TEXT/PLAIN", "notes").unwrap(), Format::Text);
        assert_eq!(Format::detect("application/octet-stream", "A.PDF").unwrap(), Format::Pdf);
        assert_eq!(Format::detect("", "index.htm").unwrap(), Format::Html);
    }

    #[test]
    fn what_cannot_be_read_is_refused_by_name() {
        for (media_type, name) in [("image/png", "a.md"), ("", "a.docx"), ("", ""), ("application/octet-stream", "x")] {
            let error = Format::detect(media_type, name).unwrap_err();
            assert_eq!(error.code(), "document_unsupported_type");
        }
    }

    #[test]
    fn a_file_name_becomes_a_title() {
        assert_eq!(title_from_name("docs/a b/Annual report.final.pdf"), "Annual report.final");
        assert_eq!(title_from_name(r"C:\docs\x.md"), "x");
        assert_eq!(title_from_name(".env"), ".env");
        assert_eq!(title_from_name("\u{0}\n"), "Untitled");
    }
}
