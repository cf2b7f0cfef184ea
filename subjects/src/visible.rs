//! Text as its reader sees it.
//!
//! Unicode has characters without a shape of their own. Some scripts and emoji need them; elsewhere they turn what is
//! written around (`U+202E`), or hide words from a person that a machine reads. Titles and reports keep the former and
//! lose the latter:
//!
//! | characters | are kept |
//! |---|---|
//! | embeddings and overrides of direction (`U+202A`–`U+202E`) | never |
//! | isolates of direction (`U+2066`–`U+2069`) | in pairs, in a line that has letters written from right to left |
//! | marks of direction (`U+200E`, `U+200F`, `U+061C`) | in a line that has such letters |
//! | joiners (`U+200C`, `U+200D`) | one at a time, after a letter of a script whose letters join, as Arabic and Indic ones do; `U+200D` also between two emoji |
//! | zero width space (`U+200B`) | one at a time, after a letter of a script that is written without spaces, as Thai and Khmer are |
//! | variation selectors | one at a time, after what has variants: emoji, symbols, Han, Mongolian |
//! | tag characters | in the flags of England, Scotland and Wales |
//! | every other that is never seen, e.g. `U+00AD`, `U+2060`, `U+FEFF`, the fillers of Hangul | never |
//!
//! Nothing that has a shape is taken away, and no character is put in the place of another.

mod class;

use std::{borrow::Cow, ops::Range};

use class::Class;

/// Where a line ends, and with it what was said of direction.
const LINE_ENDS: [char; 6] = ['\n', '\r', '\u{0B}', '\u{85}', '\u{2028}', '\u{2029}'];

/// The flags that are written with tag characters, behind a black flag.
const FLAGS: [&str; 3] = ["gbeng", "gbsct", "gbwls"];

/// The text without what cannot be seen and is not needed there.
#[must_use]
pub fn visible(text: &str) -> Cow<'_, str> {
    if text.chars().all(|c| Class::of(c) == Class::Shape) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    for line in text.split_inclusive(LINE_ENDS) {
        Line::new(line).write(&mut out);
    }
    Cow::Owned(out)
}

/// One line, and what of it decides about its characters.
struct Line<'a> {
    text: &'a str,
    /// Whether it has letters that are written from right to left.
    rtl: bool,
    /// Where the isolates stand that have a partner, in bytes, in order.
    isolates: Vec<usize>,
    /// The last character that is written, and the last of them that has a shape.
    last: Option<char>,
    base: Option<char>,
}

impl<'a> Line<'a> {
    fn new(text: &'a str) -> Self {
        let rtl = text.chars().any(class::is_right_to_left);
        let isolates = if rtl { pairs(text) } else { Vec::new() };
        Self { text, rtl, isolates, last: None, base: None }
    }

    fn write(mut self, out: &mut String) {
        let mut flag: Range<usize> = 0..0;
        for (at, c) in self.text.char_indices() {
            let behind = &self.text[at + c.len_utf8()..];
            if c == '\u{1F3F4}' {
                flag = at + c.len_utf8()..at + c.len_utf8() + flag_of(behind);
            }
            if flag.contains(&at) || self.keeps(at, c, behind.chars().next()) {
                out.push(c);
                self.last = Some(c);
                if Class::of(c) == Class::Shape {
                    self.base = Some(c);
                }
            }
        }
    }

    fn keeps(&self, at: usize, c: char, next: Option<char>) -> bool {
        let (last, base) = (self.last.unwrap_or(' '), self.base.unwrap_or(' '));
        // Of several in a row only the first can be needed: the others would say something to a machine alone.
        let first = Class::of(last) == Class::Shape;
        match Class::of(c) {
            Class::Shape => true,
            Class::Hidden => false,
            Class::Mark => self.rtl,
            Class::Isolate => self.isolates.binary_search(&at).is_ok(),
            Class::Joiner => {
                let emoji = c == '\u{200D}' && class::is_emoji(base) && next.is_some_and(class::is_emoji);
                let selected = first || Class::of(last) == Class::Selector;
                (emoji && selected) || (first && class::joins(last))
            }
            Class::Space => first && class::has_no_spaces(last),
            Class::Selector => first && class::has_variants(last, c),
        }
    }
}

/// The isolates of a line that open and close each other.
fn pairs(line: &str) -> Vec<usize> {
    let mut open = Vec::new();
    let mut paired = Vec::new();
    for (at, c) in line.char_indices() {
        match c {
            '\u{2066}'..='\u{2068}' => open.push(at),
            '\u{2069}' => paired.extend(open.pop().map(|opened| [opened, at]).into_iter().flatten()),
            _ => {}
        }
    }
    paired.sort_unstable();
    paired
}

/// How many bytes of what stands behind a black flag belong to it.
fn flag_of(behind: &str) -> usize {
    let tags = |code: &str| -> String {
        code.chars().filter_map(|c| char::from_u32(0xE_0000 + u32::from(c))).chain(['\u{E007F}']).collect()
    };
    FLAGS.iter().map(|code| tags(code)).find(|tags| behind.starts_with(tags.as_str())).map_or(0, |tags| tags.len())
}

#[cfg(test)]
mod tests;
