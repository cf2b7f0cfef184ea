//! Cuts a document into passages along its structure.
//!
//! A passage is a span of the document's text. Blocks stay whole where they fit; a heading stays with what follows it;
//! a block that is too large is cut between lines or sentences, and only there do passages overlap.

mod measure;
mod pieces;

use std::{ops::Range, sync::Arc};

pub use self::measure::size_of;
use self::{measure::CharOffsets, pieces::Piece};
use super::parse::Parsed;

/// The longest context that [`Passage::embedding_input`] puts before the text, in characters.
const MAX_CONTEXT: usize = 200;

/// What white space between two blocks counts for.
const SEPARATOR: usize = 2;

/// How large passages are, measured by [`size_of`]: characters of plain English, more for text that makes more tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SplitLimits {
    /// A passage takes no further block beyond this size.
    pub target: usize,
    /// No passage is larger. At least 64.
    pub max: usize,
    /// How much of a block that had to be cut is repeated in the next passage. Less than half of `max`.
    pub overlap: usize,
}

impl Default for SplitLimits {
    /// Fits a model that reads 256 tokens.
    fn default() -> Self {
        Self { target: 700, max: 1000, overlap: 100 }
    }
}

impl SplitLimits {
    /// The same limits, made consistent with each other.
    fn sane(self) -> Self {
        let max = self.max.max(64);
        Self { target: self.target.clamp(1, max), max, overlap: self.overlap.min(max / 2 - 1) }
    }
}

/// A passage of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passage {
    /// The headings it stands under, outermost first.
    pub headings: Arc<[String]>,
    /// Where it is in the document's text, in bytes, on character boundaries.
    pub span: Range<usize>,
    /// The same span in characters.
    pub chars: Range<usize>,
}

impl Passage {
    /// The passage's text.
    #[must_use]
    pub fn text<'a>(&self, document: &'a Parsed) -> &'a str {
        &document.text[self.span.clone()]
    }

    /// What is embedded: the text after the title and the headings it stands under, which it often does not repeat.
    #[must_use]
    pub fn embedding_input(&self, document: &Parsed) -> String {
        let text = self.text(document);
        let above = self.headings.iter().map(String::as_str).filter(|heading| *heading != document.title);
        let context: Vec<&str> = std::iter::once(document.title.as_str())
            .chain(above)
            .filter(|heading| !text.lines().any(|line| line == *heading))
            .collect();
        let context: String = context.join(" > ").chars().take(MAX_CONTEXT).collect();
        if context.is_empty() { text.to_owned() } else { format!("{context}\n{text}") }
    }
}

/// Cuts a document into passages, in order. Together they cover all of its text that is not white space.
#[must_use]
pub fn split(document: &Parsed, limits: SplitLimits) -> Vec<Passage> {
    let limits = limits.sane();
    let mut packer = Packer {
        text: &document.text,
        limits,
        open: Vec::new(),
        size: 0,
        passages: Vec::new(),
        offsets: CharOffsets::new(&document.text),
    };
    for piece in pieces::of(document, limits.max) {
        packer.add(piece);
    }
    packer.close();
    packer.passages
}

/// Packs pieces into passages.
struct Packer<'a> {
    text: &'a str,
    limits: SplitLimits,
    /// The pieces of the passage at hand.
    open: Vec<Piece>,
    size: usize,
    passages: Vec<Passage>,
    offsets: CharOffsets<'a>,
}

impl Packer<'_> {
    fn add(&mut self, piece: Piece) {
        if !self.takes(&piece) {
            let repeated = self.overlap_before(&piece);
            self.close();
            for piece in repeated {
                self.push(piece);
            }
        }
        self.push(piece);
    }

    fn push(&mut self, piece: Piece) {
        self.size += piece.size + SEPARATOR;
        self.open.push(piece);
    }

    fn takes(&self, piece: &Piece) -> bool {
        let Some(last) = self.open.last() else { return true };
        let only_headings = last.heading;
        let limit = if only_headings { self.limits.max } else { self.limits.target };
        (only_headings || !piece.heading) && self.size + piece.size + SEPARATOR <= limit
    }

    /// The end of the passage at hand that is repeated before `piece`, where both are parts of one block.
    fn overlap_before(&self, piece: &Piece) -> Vec<Piece> {
        let room = self.limits.overlap.min(self.limits.max.saturating_sub(piece.size + SEPARATOR));
        let mut taken = 0;
        let mut count = 0;
        for before in self.open.iter().skip(1).rev().take_while(|before| before.block == piece.block) {
            taken += before.size + SEPARATOR;
            if taken > room {
                break;
            }
            count += 1;
        }
        self.open[self.open.len() - count..].to_vec()
    }

    fn close(&mut self) {
        let pieces = std::mem::take(&mut self.open);
        self.size = 0;
        let (Some(first), Some(last)) = (pieces.first(), pieces.last()) else { return };
        let span = trimmed(self.text, first.span.start..last.span.end);
        if span.is_empty() {
            return;
        }
        let chars = self.offsets.of(&span);
        // The last heading is the innermost when a passage begins with several.
        let headings = pieces.iter().rev().find(|piece| piece.heading).unwrap_or(first);
        self.passages.push(Passage { headings: Arc::clone(&headings.headings), span, chars });
    }
}

fn trimmed(text: &str, span: Range<usize>) -> Range<usize> {
    let whole = &text[span.clone()];
    let start = span.start + (whole.len() - whole.trim_start().len());
    start..start + whole.trim().len()
}

#[cfg(test)]
mod tests;
