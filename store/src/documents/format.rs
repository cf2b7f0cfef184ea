//! The formats that a document may have: their media types, and the file names that stand for them.

/// A format that can be taken and read.
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

/// Media types that say nothing about the content.
const VAGUE: &[&str] = &["", "application/octet-stream", "binary/octet-stream"];

impl Format {
    /// Every format.
    pub const ALL: &'static [Self] = &[Self::Markdown, Self::Text, Self::Html, Self::Pdf];

    /// The format of a document: the one that its media type names, or else the one that its name ends in; `None` where
    /// neither is one of these.
    #[must_use]
    pub fn of(media_type: &str, name: &str) -> Option<Self> {
        let essence = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        if VAGUE.contains(&essence.as_str()) {
            return Self::by_ending(name);
        }
        let named = Self::ALL.iter().copied().find(|format| format.names().contains(&essence.as_str()));
        // Many clients know no Markdown and call it plain text, so the more exact of the two counts.
        if named == Some(Self::Text) { Self::by_ending(name).or(named) } else { named }
    }

    /// The media type that is stored.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        self.names()[0]
    }

    /// Its media type, and the other names that it goes by.
    const fn names(self) -> &'static [&'static str] {
        match self {
            Self::Markdown => &["text/markdown", "text/x-markdown"],
            Self::Text => &["text/plain"],
            Self::Html => &["text/html", "application/xhtml+xml"],
            Self::Pdf => &["application/pdf", "application/x-pdf"],
        }
    }

    const fn endings(self) -> &'static [&'static str] {
        match self {
            Self::Markdown => &["md", "markdown", "mdown", "mkd"],
            Self::Text => &["txt", "text", "log"],
            Self::Html => &["html", "htm", "xhtml"],
            Self::Pdf => &["pdf"],
        }
    }

    fn by_ending(name: &str) -> Option<Self> {
        let ending = name.rsplit_once('.')?.1.to_ascii_lowercase();
        Self::ALL.iter().copied().find(|format| format.endings().contains(&ending.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_media_type_decides_and_the_name_fills_in() {
        for (media_type, name, format) in [
            ("text/html; charset=utf-8", "x.pdf", Format::Html),
            ("application/octet-stream", "a/b/Report.PDF", Format::Pdf),
            ("text/plain", "README.md", Format::Markdown),
            ("TEXT/PLAIN", "README", Format::Text),
            ("text/x-markdown", "x", Format::Markdown),
            ("", "notes.txt", Format::Text),
            ("", "index.htm", Format::Html),
        ] {
            assert_eq!(Format::of(media_type, name), Some(format), "{media_type} {name}");
        }
        for format in Format::ALL {
            assert_eq!(Format::of(format.media_type(), ""), Some(*format), "what is stored is read back");
        }
    }

    #[test]
    fn what_is_neither_is_no_format() {
        for (media_type, name) in [("image/png", "x.md"), ("", "x.exe"), ("", "x"), ("text/plain/x", "x.txt"), ("", "")]
        {
            assert_eq!(Format::of(media_type, name), None, "{media_type} {name}");
        }
    }
}
