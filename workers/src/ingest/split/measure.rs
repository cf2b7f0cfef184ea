//! Sizes and offsets of text.

use std::ops::Range;

/// The size of a text: one for a letter or a space of a script that is written with spaces, more for what makes more tokens
/// in an embedding model. A token is about four.
#[must_use]
pub fn size_of(text: &str) -> usize {
    if text.is_ascii() { text.bytes().map(ascii_size).sum() } else { text.chars().map(char_size).sum() }
}

fn char_size(c: char) -> usize {
    match u8::try_from(c) {
        Ok(byte) if byte.is_ascii() => ascii_size(byte),
        // Latin, Greek, Cyrillic, Armenian, Hebrew, Arabic.
        _ if c < '\u{0800}' => 2,
        // Scripts that are written without spaces, symbols, emoji.
        _ => 4,
    }
}

const fn ascii_size(byte: u8) -> usize {
    match byte {
        b'0'..=b'9' => 2,
        _ if byte.is_ascii_punctuation() => 3,
        _ => 1,
    }
}

/// Turns byte offsets, given in ascending order of their start, into character offsets.
pub(super) struct CharOffsets<'a> {
    text: &'a str,
    bytes: usize,
    chars: usize,
}

impl<'a> CharOffsets<'a> {
    pub(super) const fn new(text: &'a str) -> Self {
        Self { text, bytes: 0, chars: 0 }
    }

    pub(super) fn of(&mut self, span: &Range<usize>) -> Range<usize> {
        self.chars += self.text[self.bytes..span.start].chars().count();
        self.bytes = span.start;
        self.chars..self.chars + self.text[span.clone()].chars().count()
    }
}
