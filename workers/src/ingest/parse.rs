//! Reads a document of any supported format into one canonical text with blocks.
//!
//! Everything later (passages, quotes, citations) is a span of this text. What a reader of the document
//! cannot see (scripts, hidden elements, control characters) is not in it.

mod builder;
mod encoding;
mod error;
mod html;
mod isolate;
mod markdown;
mod pdf;
mod plain;
mod title;

use std::{
    ops::Range,
    sync::Arc,
    time::{Duration, Instant},
};

pub use sba_store::documents::Format;

pub use self::{error::ParseError, isolate::Parser};

/// What a document may cost before it is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ParseLimits {
    /// The most bytes a document may have.
    pub max_bytes: usize,
    /// The most characters of text it may contain.
    pub max_text_chars: usize,
    /// The most blocks (paragraphs, headings, items, tables) it may contain.
    pub max_blocks: usize,
    /// The deepest nesting of quotes and lists in Markdown, of form objects in a PDF.
    pub max_depth: usize,
    /// The most pages of a PDF.
    pub max_pages: usize,
    /// The longest that reading it may take.
    pub deadline: Duration,
}

impl Default for ParseLimits {
    fn default() -> Self {
        Self {
            max_bytes: 20 * 1024 * 1024,
            max_text_chars: 8 * 1024 * 1024,
            max_blocks: 200_000,
            max_depth: 100,
            max_pages: 2_000,
            deadline: Duration::from_secs(30),
        }
    }
}

/// What a block of a document is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BlockKind {
    /// A heading. Its own text ends its heading path.
    Heading,
    /// Running text.
    Paragraph,
    /// One item of a list, with its marker.
    ListItem,
    /// A code block, verbatim.
    Code,
    /// A table, one row a line, cells separated by ` | `.
    Table,
    /// A quotation.
    Quote,
}

/// One block of a document's text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// What it is.
    pub kind: BlockKind,
    /// The headings it stands under, outermost first.
    pub headings: Arc<[String]>,
    /// Where it is in [`Parsed::text`], in bytes, on character boundaries.
    pub span: Range<usize>,
}

/// A document that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parsed {
    /// Its title: from its metadata, else its first heading, else its file name. At most 200 characters, one line.
    pub title: String,
    /// Its text: blocks in reading order, separated by line breaks. No control characters but `\n` and `\t`.
    pub text: String,
    /// The blocks, in order, not overlapping. Together they cover all of `text` that is not white space.
    pub blocks: Vec<Block>,
}

/// What is left of a document's limits while it is read.
struct Budget {
    limits: ParseLimits,
    until: Instant,
}

impl Budget {
    fn new(limits: ParseLimits) -> Self {
        Self { limits, until: Instant::now() + limits.deadline }
    }

    /// Fails when the deadline has passed. Cheap enough for an inner loop over blocks, not over characters.
    fn check_time(&self) -> Result<(), ParseError> {
        if Instant::now() < self.until {
            Ok(())
        } else {
            Err(ParseError::TooComplex { reason: "reading it took too long" })
        }
    }

    fn check_depth(&self, depth: usize) -> Result<(), ParseError> {
        if depth <= self.limits.max_depth {
            Ok(())
        } else {
            Err(ParseError::TooComplex { reason: "it is nested too deeply" })
        }
    }
}

/// Reads a document on the calling thread.
///
/// `name` is the file name, used for the title when the document names none. Prefer [`Parser`], which keeps a
/// document that hangs or exhausts the stack away from the caller.
///
/// # Errors
/// See [`ParseError`]; each has a stable code.
pub fn parse(bytes: &[u8], format: Format, name: &str, limits: ParseLimits) -> Result<Parsed, ParseError> {
    if bytes.len() > limits.max_bytes {
        return Err(ParseError::TooLarge { what: "bytes", limit: limits.max_bytes });
    }
    if bytes.is_empty() {
        return Err(ParseError::Empty);
    }
    let budget = Budget::new(limits);
    let mut parsed = match format {
        Format::Markdown => markdown::parse(bytes, &budget),
        Format::Text => plain::parse(bytes, &budget),
        Format::Html => html::parse(bytes, &budget),
        Format::Pdf => pdf::parse(bytes, &budget),
    }?;
    if parsed.title.is_empty() {
        parsed.title = title::title_from_name(name);
    }
    Ok(parsed)
}

#[cfg(test)]
mod tests;
