//! Reads prose out of a JSON answer while it is still being written.
//!
//! A model that is held to the schema `{"text": "<string>"}` streams JSON, in pieces that end
//! anywhere: inside the key, an escape, or between two halves of a surrogate pair. [`JsonText`]
//! gives back the string's own text as it grows, so that people see prose while the raw answer is
//! kept as it came. A model that ignores its schema writes prose; that is passed through.

use std::iter::Peekable;
use std::str::Chars;

/// No honest answer has more than this many bytes before its first letter of text.
const MAX_HEAD_BYTES: usize = 256;

/// An incremental reader of one string field, the first of a JSON object.
#[derive(Debug)]
pub struct JsonText {
    field: String,
    state: State,
}

#[derive(Debug)]
enum State {
    /// Not yet inside the string: everything so far, in case it turns out to be prose.
    Head(String),
    /// Inside the string.
    Text { escape: Escape, high: Option<u16> },
    /// The string is closed; what follows is the object's end.
    Done,
    /// Not the JSON that was asked for.
    Prose,
}

/// How far an escape sequence has come.
#[derive(Debug, Clone, Copy)]
enum Escape {
    None,
    Backslash,
    /// `\u` with this many of four digits read.
    Unicode {
        digits: u8,
        value: u16,
    },
}

impl JsonText {
    /// A reader of the field called `field`, which needs no escapes in JSON.
    pub fn new(field: impl Into<String>) -> Self {
        Self { field: field.into(), state: State::Head(String::new()) }
    }

    /// Takes the next raw piece and returns the text that it adds, possibly none.
    pub fn push(&mut self, raw: &str) -> String {
        match &mut self.state {
            State::Head(head) => {
                head.push_str(raw);
                let head = std::mem::take(head);
                self.read_head(head)
            }
            State::Text { .. } => self.read_text(raw),
            State::Done => String::new(),
            State::Prose => raw.to_owned(),
        }
    }

    /// Ends the answer and returns the text that was held back, possibly none.
    #[must_use]
    pub fn finish(self) -> String {
        match self.state {
            State::Text { high: Some(_), .. } => char::REPLACEMENT_CHARACTER.to_string(),
            // A head that is not even the beginning of an object is a very short prose.
            State::Head(head) if !head.trim_start().starts_with('{') => head,
            _ => String::new(),
        }
    }

    fn read_head(&mut self, head: String) -> String {
        match match_head(&head, &self.field) {
            Head::Opened(body) => {
                self.state = State::Text { escape: Escape::None, high: None };
                let body = head[body..].to_owned();
                self.read_text(&body)
            }
            Head::Unfinished if head.len() <= MAX_HEAD_BYTES => {
                self.state = State::Head(head);
                String::new()
            }
            Head::Unfinished | Head::Other => {
                self.state = State::Prose;
                head
            }
        }
    }

    fn read_text(&mut self, raw: &str) -> String {
        let State::Text { mut escape, mut high } = self.state else {
            return String::new();
        };
        let mut text = String::with_capacity(raw.len());
        for c in raw.chars() {
            escape = match (escape, c) {
                (Escape::None, '"') => {
                    flush(&mut high, &mut text);
                    self.state = State::Done;
                    return text;
                }
                (Escape::None, '\\') => Escape::Backslash,
                (Escape::Backslash, 'u') => Escape::Unicode { digits: 0, value: 0 },
                (Escape::None, _) => put(c, &mut high, &mut text),
                (Escape::Backslash, _) => put(unescape(c), &mut high, &mut text),
                (Escape::Unicode { digits, value }, _) => match c.to_digit(16) {
                    // Four digits of four bits fill exactly sixteen.
                    Some(digit) if digits < 3 => {
                        Escape::Unicode { digits: digits + 1, value: value << 4 | digit as u16 }
                    }
                    Some(digit) => put_unit(value << 4 | digit as u16, &mut high, &mut text),
                    None => put(char::REPLACEMENT_CHARACTER, &mut high, &mut text),
                },
            };
        }
        self.state = State::Text { escape, high };
        text
    }
}

/// Writes a character; a half pair before it stays alone.
fn put(c: char, high: &mut Option<u16>, text: &mut String) -> Escape {
    flush(high, text);
    text.push(c);
    Escape::None
}

/// Writes a UTF-16 unit, or keeps the first half of a pair for the second.
fn put_unit(unit: u16, high: &mut Option<u16>, text: &mut String) -> Escape {
    let first = high.take();
    let units = first.into_iter().chain([unit]);
    if let Some(Ok(c)) = first.and_then(|first| char::decode_utf16([first, unit]).next()) {
        text.push(c);
    } else if (0xD800..0xDC00).contains(&unit) {
        text.extend(first.map(|_| char::REPLACEMENT_CHARACTER));
        *high = Some(unit);
    } else {
        text.extend(char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)));
    }
    Escape::None
}

/// Gives up waiting for the second half of a pair.
fn flush(high: &mut Option<u16>, text: &mut String) {
    text.extend(high.take().map(|_| char::REPLACEMENT_CHARACTER));
}

/// The character that a one-letter escape means; an unknown one means itself.
fn unescape(c: char) -> char {
    match c {
        'n' => '\n',
        't' => '\t',
        'r' => '\r',
        'b' => '\u{8}',
        'f' => '\u{c}',
        other => other,
    }
}

enum Head {
    /// The string's text begins at this byte.
    Opened(usize),
    /// Right so far.
    Unfinished,
    /// Something else than the object asked for.
    Other,
}

/// Compares the beginning of an answer with `{ "field" : "`, white space allowed between the parts.
fn match_head(head: &str, field: &str) -> Head {
    let mut chars = head.chars().peekable();
    let key = format!("\"{field}\"");
    for part in ["{", &key, ":", "\""] {
        skip_space(&mut chars);
        for expected in part.chars() {
            match chars.next() {
                Some(c) if c == expected => {}
                Some(_) => return Head::Other,
                None => return Head::Unfinished,
            }
        }
    }
    let rest: usize = chars.map(char::len_utf8).sum();
    Head::Opened(head.len() - rest)
}

fn skip_space(chars: &mut Peekable<Chars<'_>>) {
    while chars.next_if(|c| c.is_ascii_whitespace()).is_some() {}
}

#[cfg(test)]
mod tests;
