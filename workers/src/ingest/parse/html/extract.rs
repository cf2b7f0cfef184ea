//! From tokens to blocks.

use html5ever::tokenizer::Tag;

use super::{scope::Scope, tags};
use crate::ingest::parse::{BlockKind, ParseError, builder::TextBuilder};

/// An element that is passed over, until it ends.
struct Unseen {
    name: String,
    /// Elements of the same name open inside it.
    same: usize,
    /// Lists and tables open inside it.
    holders: usize,
}

/// Deeper lists are indented no further.
const MAX_INDENT: usize = 8;

pub(super) struct Extractor<'a, 'b> {
    builder: &'a mut TextBuilder<'b>,
    scope: Scope,
    error: Option<ParseError>,
    /// The text of the block at hand.
    buffer: String,
    /// The list marker that the next block begins with.
    marker: String,
    heading: Option<u8>,
    unseen: Option<Unseen>,
    title: Option<String>,
    in_title: bool,
    pre: usize,
    quotes: usize,
    tables: usize,
    /// Open lists: the number of the next item, or none for bullets.
    lists: Vec<Option<usize>>,
}

impl<'a, 'b> Extractor<'a, 'b> {
    pub(super) fn new(builder: &'a mut TextBuilder<'b>, scope: Scope) -> Self {
        Self {
            builder,
            scope,
            error: None,
            buffer: String::new(),
            marker: String::new(),
            heading: None,
            unseen: None,
            title: None,
            in_title: false,
            pre: 0,
            quotes: 0,
            tables: 0,
            lists: Vec::new(),
        }
    }

    /// Whether the tokens come from inside an SVG or MathML element.
    pub(super) fn is_in_foreign(&self) -> bool {
        self.unseen.as_ref().is_some_and(|unseen| matches!(unseen.name.as_str(), "svg" | "math"))
    }

    /// The first error since the last call: a limit that was passed.
    pub(super) fn take_error(&mut self) -> Result<(), ParseError> {
        self.error.take().map_or(Ok(()), Err)
    }

    /// Ends the last block. Returns the document's title.
    pub(super) fn finish(mut self) -> Result<Option<String>, ParseError> {
        self.flush();
        self.take_error()?;
        Ok(self.title)
    }

    pub(super) fn text(&mut self, text: &str) {
        if self.in_title {
            self.title.get_or_insert_default().push_str(text);
        } else if self.unseen.is_none() && self.scope.is_inside() {
            if self.pre > 0 {
                self.buffer.push_str(text);
            } else {
                self.flow(text);
            }
        }
    }

    pub(super) fn start(&mut self, tag: &Tag) {
        let name: &str = &tag.name;
        // A title inside an SVG is not the document's.
        if name == "title" && !self.is_in_foreign() {
            self.in_title = self.title.is_none();
            return;
        }
        if self.unseen.is_some() && !self.start_in_unseen(tag) {
            return;
        }
        if tags::is_unseen(tag) {
            self.unseen = Some(Unseen { name: name.to_owned(), same: 0, holders: 0 });
            if tags::is_block(name) {
                self.flush();
            }
            return;
        }
        self.scope.start(tag);
        if self.scope.is_inside() {
            self.start_seen(name, tag);
        }
    }

    pub(super) fn end(&mut self, name: &str) {
        if name == "title" {
            self.in_title = false;
            return;
        }
        if self.unseen.is_some() && !self.end_in_unseen(name) {
            return;
        }
        if !self.scope.is_inside() {
            return;
        }
        self.end_seen(name);
        self.scope.end(name);
    }

    fn end_seen(&mut self, name: &str) {
        match name {
            "pre" | "xmp" | "listing" => {
                self.flush();
                self.pre = self.pre.saturating_sub(1);
            }
            "blockquote" => {
                self.flush();
                self.quotes = self.quotes.saturating_sub(1);
            }
            "table" => {
                self.flush();
                self.tables = self.tables.saturating_sub(1);
            }
            "ul" | "ol" | "menu" => {
                self.flush();
                self.lists.pop();
                self.marker.clear();
            }
            "li" => self.flush(),
            _ if tags::heading_level(name).is_some() => {
                self.flush();
                self.heading = None;
            }
            _ if tags::is_block(name) => self.block_boundary(),
            _ => {}
        }
    }

    fn start_seen(&mut self, name: &str, tag: &Tag) {
        match name {
            "br" => self.buffer.push('\n'),
            "img" => {
                if let Some(alt) = tag.attrs.iter().find(|attribute| &*attribute.name.local == "alt") {
                    self.flow(&alt.value);
                }
            }
            "pre" | "xmp" | "listing" => {
                self.flush();
                self.pre += 1;
            }
            "blockquote" => {
                self.flush();
                self.quotes += 1;
            }
            "table" => {
                self.flush();
                self.tables += 1;
            }
            "tr" => self.row(),
            "td" | "th" => self.cell(),
            "ul" | "menu" => self.open_list(None),
            "ol" => self.open_list(Some(1)),
            "li" => self.item(),
            _ => {
                if let Some(level) = tags::heading_level(name) {
                    self.flush();
                    self.heading = Some(level);
                } else if tags::is_block(name) {
                    self.block_boundary();
                }
            }
        }
    }

    /// Returns whether the element that is passed over ended here.
    fn start_in_unseen(&mut self, tag: &Tag) -> bool {
        let Some(unseen) = &mut self.unseen else { return true };
        let name: &str = &tag.name;
        let next = name == unseen.name || (unseen.name == "p" && (tags::is_block(name) || tags::is_holder(name)));
        // What follows the head without an end tag is the body.
        let body =
            unseen.name == "head" && (name == "body" || tags::is_block(name) || tags::heading_level(name).is_some());
        if body || (tags::is_closed_by_next(&unseen.name) && next && unseen.holders == 0) {
            self.unseen = None;
            return true;
        }
        if tags::is_void(name) || (tag.self_closing && matches!(unseen.name.as_str(), "svg" | "math")) {
            return false;
        }
        unseen.same += usize::from(name == unseen.name);
        unseen.holders += usize::from(tags::is_holder(name));
        false
    }

    /// Returns whether this end tag concerns what is seen.
    fn end_in_unseen(&mut self, name: &str) -> bool {
        let Some(unseen) = &mut self.unseen else { return true };
        if name == unseen.name {
            if unseen.same == 0 {
                self.unseen = None;
            } else {
                unseen.same -= 1;
            }
            return false;
        }
        if tags::is_holder(name) {
            if unseen.holders == 0 && tags::is_closed_by_next(&unseen.name) {
                self.unseen = None;
                return true;
            }
            unseen.holders = unseen.holders.saturating_sub(1);
        }
        false
    }

    /// Adds running text: white space becomes one space.
    fn flow(&mut self, text: &str) {
        for c in text.chars() {
            if !c.is_whitespace() || c == '\u{a0}' {
                self.buffer.push(if c == '\u{a0}' { ' ' } else { c });
            } else if !self.buffer.is_empty() && !self.buffer.ends_with([' ', '\n']) {
                self.buffer.push(' ');
            }
        }
    }

    fn row(&mut self) {
        let kept = self.buffer.trim_end_matches([' ', '|']).len();
        self.buffer.truncate(kept);
        if !self.buffer.is_empty() && !self.buffer.ends_with('\n') {
            self.buffer.push('\n');
        }
    }

    fn cell(&mut self) {
        let kept = self.buffer.trim_end_matches(' ').len();
        self.buffer.truncate(kept);
        if !self.buffer.is_empty() && !self.buffer.ends_with('\n') {
            self.buffer.push_str(" | ");
        }
    }

    fn open_list(&mut self, first: Option<usize>) {
        self.flush();
        self.lists.push(first);
        if let Err(error) = self.builder.check_depth(self.lists.len()) {
            self.lists.pop();
            self.error.get_or_insert(error);
        }
    }

    fn item(&mut self) {
        self.flush();
        let indent = "  ".repeat(self.lists.len().saturating_sub(1).min(MAX_INDENT));
        self.marker = match self.lists.last_mut() {
            Some(Some(next)) => {
                let number = *next;
                *next += 1;
                format!("{indent}{number}. ")
            }
            _ => format!("{indent}- "),
        };
    }

    /// A block begins or ends: within a cell that is white space, elsewhere a new block.
    fn block_boundary(&mut self) {
        if self.tables > 0 {
            self.flow(" ");
        } else {
            self.flush();
        }
    }

    /// Hands the block at hand to the builder.
    fn flush(&mut self) {
        let text = std::mem::take(&mut self.buffer);
        if text.trim().is_empty() {
            return;
        }
        let added = if let Some(level) = self.heading {
            self.builder.heading(level, &text)
        } else {
            let marker = std::mem::take(&mut self.marker);
            let text = if self.pre > 0 { text } else { format!("{marker}{}", text.trim()) };
            self.builder.block(self.kind(), &text)
        };
        if let Err(error) = added {
            self.error.get_or_insert(error);
        }
    }

    fn kind(&self) -> BlockKind {
        if self.pre > 0 {
            BlockKind::Code
        } else if self.tables > 0 {
            BlockKind::Table
        } else if !self.lists.is_empty() {
            BlockKind::ListItem
        } else if self.quotes > 0 {
            BlockKind::Quote
        } else {
            BlockKind::Paragraph
        }
    }
}
