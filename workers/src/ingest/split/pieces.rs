//! The smallest parts of a document that passages are packed from.

use std::{ops::Range, sync::Arc};

use unicode_segmentation::UnicodeSegmentation;

use super::measure::size_of;
use crate::ingest::parse::{Block, BlockKind, Parsed};

/// A block, or a part of one that is too large.
#[derive(Debug, Clone)]
pub(super) struct Piece {
    pub(super) span: Range<usize>,
    pub(super) size: usize,
    /// The index of the block that it is or is cut from.
    pub(super) block: usize,
    pub(super) heading: bool,
    pub(super) headings: Arc<[String]>,
}

/// The pieces of a document, none larger than `max`.
pub(super) fn of(document: &Parsed, max: usize) -> impl Iterator<Item = Piece> {
    // The size of the headings that the next block has to share a passage with.
    let mut above = 0;
    document.blocks.iter().enumerate().flat_map(move |(index, block)| {
        let heading = block.kind == BlockKind::Heading;
        let room = if above < max / 2 { max - above } else { max };
        let pieces = pieces_of_block(&document.text, block, room);
        above = if heading { above + pieces.iter().map(|(_, size)| size + super::SEPARATOR).sum::<usize>() } else { 0 };
        let headings = &block.headings;
        pieces.into_iter().map(move |(span, size)| Piece {
            span,
            size,
            block: index,
            heading,
            headings: Arc::clone(headings),
        })
    })
}

fn pieces_of_block(text: &str, block: &Block, room: usize) -> Vec<(Range<usize>, usize)> {
    let size = size_of(&text[block.span.clone()]);
    if size + super::SEPARATOR <= room {
        return vec![(block.span.clone(), size)];
    }
    let mut cutter = Cutter { text, room: room.saturating_sub(super::SEPARATOR), pieces: Vec::new() };
    match block.kind {
        BlockKind::Code | BlockKind::Table => cutter.cut(block.span.clone(), Grain::Line),
        _ => cutter.cut(block.span.clone(), Grain::Sentence),
    }
    cutter.pieces
}

/// Where a text is cut, from coarse to fine.
#[derive(Clone, Copy)]
enum Grain {
    Line,
    Sentence,
    Word,
    Grapheme,
    Char,
}

struct Cutter<'a> {
    text: &'a str,
    room: usize,
    pieces: Vec<(Range<usize>, usize)>,
}

impl Cutter<'_> {
    /// Cuts a span at `grain`, and what is still too large at the next finer one.
    fn cut(&mut self, span: Range<usize>, grain: Grain) {
        let text = &self.text[span.clone()];
        let parts: Box<dyn Iterator<Item = &str>> = match grain {
            Grain::Line => Box::new(text.split_inclusive('\n')),
            Grain::Sentence => Box::new(text.split_sentence_bounds()),
            Grain::Word => Box::new(text.split_word_bounds()),
            Grain::Grapheme => Box::new(text.graphemes(true)),
            Grain::Char => Box::new(text.split_inclusive(|_| true)),
        };
        let mut at = span.start;
        let mut small = Gathered::new(at);
        for part in parts {
            let end = at + part.len();
            let size = size_of(part);
            if size > self.room && !matches!(grain, Grain::Char) {
                self.take(&mut small, at);
                self.cut(at..end, grain.finer());
                small = Gathered::new(end);
            } else {
                // Words and smaller parts are gathered, or a passage would be thousands of pieces.
                if !grain.is_piece() && small.size + size > self.room {
                    self.take(&mut small, at);
                }
                small.size += size;
                if grain.is_piece() {
                    self.take(&mut small, end);
                }
            }
            at = end;
        }
        self.take(&mut small, at);
    }

    fn take(&mut self, small: &mut Gathered, end: usize) {
        if !self.text[small.start..end].trim().is_empty() {
            self.pieces.push((small.start..end, small.size));
        }
        *small = Gathered::new(end);
    }
}

struct Gathered {
    start: usize,
    size: usize,
}

impl Gathered {
    const fn new(start: usize) -> Self {
        Self { start, size: 0 }
    }
}

impl Grain {
    const fn finer(self) -> Self {
        match self {
            Self::Line => Self::Sentence,
            Self::Sentence => Self::Word,
            Self::Word => Self::Grapheme,
            Self::Grapheme | Self::Char => Self::Char,
        }
    }

    const fn is_piece(self) -> bool {
        matches!(self, Self::Line | Self::Sentence)
    }
}
