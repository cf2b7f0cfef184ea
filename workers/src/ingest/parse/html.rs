//! HTML, read as a stream of tokens.
//!
//! No tree is built, so nesting costs nothing: memory is bounded by the text that is kept, and time is checked as the
//! document is fed. What a reader does not see (scripts, styles, hidden elements) and navigation is left out, and so is
//! what stands around the main part of a page that names one.

mod extract;
mod scope;
mod tags;

use std::cell::RefCell;

use encoding_rs::Encoding;
use html5ever::{
    tendril::{ByteTendril, StrTendril, fmt},
    tokenizer::{
        BufferQueue, CharacterTokens, TagKind, TagToken, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts,
    },
};

use self::{extract::Extractor, scope::Scope};
use super::{Budget, ParseError, Parsed, builder::TextBuilder, encoding};

/// How much is given to the tokenizer between two looks at the clock. One tag with very many attributes costs time
/// in the square of their number, so this is small.
const FEED_BYTES: usize = 4 * 1024;

/// How far into a document its encoding may be declared.
const CHARSET_PROBE: usize = 1024;

pub(super) fn parse(bytes: &[u8], budget: &Budget) -> Result<Parsed, ParseError> {
    let source = encoding::decode(bytes, declared_encoding(bytes), "HTML")?;
    match Scope::main_of(&source).map(|main| page(&source, main, budget)) {
        // It has no main part, or a script was to fill it.
        None | Some(Err(ParseError::Empty)) => page(&source, Scope::All, budget),
        Some(read) => read,
    }
}

fn page(source: &str, scope: Scope, budget: &Budget) -> Result<Parsed, ParseError> {
    let mut builder = TextBuilder::new(budget);
    let title = feed(&mut builder, source, scope, budget)?;
    builder.finish(title)
}

/// Adds the visible text of an HTML fragment to `builder`.
pub(super) fn append(builder: &mut TextBuilder<'_>, source: &str, budget: &Budget) -> Result<(), ParseError> {
    feed(builder, source, Scope::All, budget).map(|_| ())
}

/// Adds visible text to `builder`. Returns the `<title>`.
fn feed(
    builder: &mut TextBuilder<'_>,
    source: &str,
    scope: Scope,
    budget: &Budget,
) -> Result<Option<String>, ParseError> {
    let sink = Sink(RefCell::new(Extractor::new(builder, scope)));
    let tokenizer = Tokenizer::new(sink, TokenizerOpts::default());
    let queue = BufferQueue::default();
    for piece in pieces(source) {
        queue.push_back(tendril(piece));
        while !matches!(tokenizer.feed(&queue), html5ever::TokenizerResult::Done) {}
        budget.check_time()?;
        tokenizer.sink.0.borrow_mut().take_error()?;
    }
    tokenizer.end();
    tokenizer.sink.0.into_inner().finish()
}

fn tendril(piece: &str) -> StrTendril {
    let bytes: ByteTendril = ByteTendril::from_slice(piece.as_bytes());
    bytes.try_reinterpret::<fmt::UTF8>().unwrap_or_default()
}

/// The source in pieces of about [`FEED_BYTES`], cut on character boundaries.
fn pieces(source: &str) -> impl Iterator<Item = &str> {
    let mut rest = source;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let (piece, after) = rest.split_at(rest.floor_char_boundary(FEED_BYTES.min(rest.len())));
        rest = after;
        Some(piece)
    })
}

fn declared_encoding(bytes: &[u8]) -> Option<&'static Encoding> {
    let head = bytes[..bytes.len().min(CHARSET_PROBE)].to_ascii_lowercase();
    let at = head.windows(8).position(|window| window == b"charset=")? + 8;
    let value = head[at..].strip_prefix(b"\"").or_else(|| head[at..].strip_prefix(b"'")).unwrap_or(&head[at..]);
    let end = value.iter().position(|byte| !(byte.is_ascii_alphanumeric() || b"-_:.".contains(byte)))?;
    Encoding::for_label(&value[..end])
}

/// The tokenizer lends its sink, so what the sink collects is behind a cell.
struct Sink<'a, 'b>(RefCell<Extractor<'a, 'b>>);

impl TokenSink for Sink<'_, '_> {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        let mut extractor = self.0.borrow_mut();
        match token {
            CharacterTokens(text) => extractor.text(&text),
            TagToken(tag) if tag.kind == TagKind::StartTag => {
                let raw = tags::raw_text(&tag, extractor.is_in_foreign());
                extractor.start(&tag);
                if let Some(kind) = raw {
                    return kind;
                }
            }
            TagToken(tag) => extractor.end(&tag.name),
            _ => {}
        }
        TokenSinkResult::Continue
    }
}
