//! From lines on pages to headings and paragraphs.

use std::collections::BTreeMap;

use hayro_interpret::kurbo::Point;

use crate::ingest::parse::{BlockKind, ParseError, builder::TextBuilder};

/// How far apart two baselines may be on one line, in the font's size (footnote marks are raised).
const SAME_LINE: f64 = 0.5;
/// The least gap that is a space, in the font's size.
const SPACE: f64 = 0.18;
/// How far back the pen may go on one line (kerning), in the font's size.
const BACK: f64 = 0.6;
/// The gap between lines that begins a paragraph, in the font's size.
const PARAGRAPH_GAP: f64 = 1.75;
/// How much larger than running text a heading is.
const HEADING: f64 = 1.15;
/// The longest heading, in characters.
const MAX_HEADING: usize = 200;

/// Text on one baseline.
pub(super) struct Line {
    text: String,
    /// Where the next glyph is expected.
    pen: Point,
    start: Point,
    size: f64,
}

impl Line {
    pub(super) fn new(start: Point, end: Point, size: f64, text: &str) -> Self {
        Self { text: text.to_owned(), pen: end, start, size }
    }

    /// Whether a glyph at `at` belongs to this line.
    pub(super) fn continues(&self, at: Point, size: f64) -> bool {
        let size = self.size.max(size);
        (at.y - self.start.y).abs() <= SAME_LINE * size && at.x - self.pen.x >= -BACK * size
    }

    /// Adds a glyph, after a space where there is a gap.
    pub(super) fn push(&mut self, start: Point, end: Point, text: &str) {
        let gap = start.x - self.pen.x > SPACE * self.size;
        if gap && !self.text.ends_with(' ') && !text.starts_with(' ') {
            self.text.push(' ');
        }
        self.text.push_str(text);
        self.pen = end;
    }

    fn is_blank(&self) -> bool {
        self.text.trim().is_empty()
    }
}

/// Adds the blocks of a document to `builder`.
pub(super) fn assemble(pages: &[Vec<Line>], builder: &mut TextBuilder<'_>) -> Result<(), ParseError> {
    let body = body_size(pages);
    let mut paragraph = Paragraph::default();
    for page in pages {
        for line in page.iter().filter(|line| !line.is_blank()) {
            if !paragraph.takes(line) {
                paragraph.flush(body, builder)?;
            }
            paragraph.push(line);
        }
        paragraph.end_of_page();
    }
    paragraph.flush(body, builder)
}

/// The size that most characters have, in points.
fn body_size(pages: &[Vec<Line>]) -> f64 {
    let mut characters = BTreeMap::<u32, usize>::new();
    for line in pages.iter().flatten() {
        *characters.entry(tenths(line.size)).or_default() += line.text.len();
    }
    let most = characters.into_iter().max_by_key(|(_, count)| *count);
    most.map_or(0.0, |(size, _)| f64::from(size) / 10.0)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a size is small and positive; `as` saturates"
)]
fn tenths(size: f64) -> u32 {
    (size * 10.0).round() as u32
}

#[derive(Default)]
struct Paragraph {
    text: String,
    size: f64,
    /// The baseline of the last line, unless a page ended since.
    baseline: Option<f64>,
}

impl Paragraph {
    fn takes(&self, line: &Line) -> bool {
        if self.text.is_empty() {
            return true;
        }
        let same_size = tenths(self.size).abs_diff(tenths(line.size)) <= 5;
        let near = self.baseline.map_or_else(
            // A sentence goes on over the page break.
            || !self.text.ends_with(['.', '!', '?', ':']),
            |above| (0.0..=PARAGRAPH_GAP * self.size.max(line.size)).contains(&(above - line.start.y)),
        );
        same_size && near && !starts_item(&line.text)
    }

    fn push(&mut self, line: &Line) {
        let text = line.text.trim();
        if self.text.is_empty() {
            self.size = line.size;
        } else if !join_hyphen(&mut self.text, text) {
            self.text.push(' ');
        }
        self.text.push_str(text);
        self.baseline = Some(line.start.y);
    }

    fn end_of_page(&mut self) {
        self.baseline = None;
    }

    fn flush(&mut self, body: f64, builder: &mut TextBuilder<'_>) -> Result<(), ParseError> {
        let done = std::mem::take(self);
        let scale = if body > 0.0 { done.size / body } else { 1.0 };
        if scale >= HEADING && done.text.chars().count() <= MAX_HEADING {
            let level = if scale >= 1.7 {
                1
            } else if scale >= 1.35 {
                2
            } else {
                3
            };
            return builder.heading(level, &done.text);
        }
        let kind = if starts_item(&done.text) { BlockKind::ListItem } else { BlockKind::Paragraph };
        builder.block(kind, &done.text)
    }
}

/// Joins a word that was hyphenated at the end of a line. Returns whether it did.
fn join_hyphen(text: &mut String, next: &str) -> bool {
    let hyphenated = text.strip_suffix(['-', '\u{ad}']).is_some_and(|head| head.ends_with(char::is_alphabetic));
    if hyphenated && next.starts_with(char::is_lowercase) {
        text.pop();
        return true;
    }
    false
}

fn starts_item(text: &str) -> bool {
    let mut characters = text.trim_start().chars();
    matches!(characters.next(), Some('•' | '◦' | '▪' | '‣' | '–')) && characters.next().is_some_and(char::is_whitespace)
}
