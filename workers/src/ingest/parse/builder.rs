//! Puts a document's text together, block by block.

use std::{borrow::Cow, sync::Arc};

use sba_subjects::visible::visible;

use super::{Block, BlockKind, Budget, ParseError, Parsed, title::one_line};

/// Collects blocks, keeps the heading path and the limits.
pub(super) struct TextBuilder<'a> {
    budget: &'a Budget,
    text: String,
    chars: usize,
    blocks: Vec<Block>,
    /// The open headings with their levels, outermost first.
    open: Vec<(u8, String)>,
    path: Arc<[String]>,
    first_heading: Option<String>,
}

impl<'a> TextBuilder<'a> {
    pub(super) fn new(budget: &'a Budget) -> Self {
        Self {
            budget,
            text: String::new(),
            chars: 0,
            blocks: Vec::new(),
            open: Vec::new(),
            path: Arc::from([]),
            first_heading: None,
        }
    }

    /// Adds a block under the current headings. Blank text adds nothing.
    pub(super) fn block(&mut self, kind: BlockKind, text: &str) -> Result<(), ParseError> {
        self.budget.check_time()?;
        let text = seen(text.trim_matches(['\n', '\r']));
        let text = text.trim_end();
        if text.trim_start().is_empty() {
            return Ok(());
        }
        self.separate(kind);
        let start = self.text.len();
        self.text.push_str(text);
        self.chars += text.chars().count();
        self.blocks.push(Block { kind, headings: Arc::clone(&self.path), span: start..self.text.len() });
        self.check_size()
    }

    /// Adds a heading of `level` 1 to 6; what follows stands under it.
    pub(super) fn heading(&mut self, level: u8, text: &str) -> Result<(), ParseError> {
        let title = one_line(text);
        if title.is_empty() {
            return Ok(());
        }
        self.first_heading.get_or_insert_with(|| title.clone());
        self.open.retain(|(above, _)| *above < level);
        self.open.push((level, title));
        self.path = self.open.iter().map(|(_, title)| title.clone()).collect();
        let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
        self.block(BlockKind::Heading, &line)
    }

    /// Fails when lists or quotes are nested deeper than is allowed.
    pub(super) fn check_depth(&self, depth: usize) -> Result<(), ParseError> {
        self.budget.check_depth(depth)
    }

    /// The finished document. Without a `title` the first heading is one.
    pub(super) fn finish(self, title: Option<String>) -> Result<Parsed, ParseError> {
        if self.blocks.is_empty() {
            return Err(ParseError::Empty);
        }
        let title = title.map(|title| one_line(&title)).filter(|title| !title.is_empty());
        Ok(Parsed { title: title.or(self.first_heading).unwrap_or_default(), text: self.text, blocks: self.blocks })
    }

    fn separate(&mut self, kind: BlockKind) {
        let Some(last) = self.blocks.last() else { return };
        let same_list = last.kind == BlockKind::ListItem && kind == BlockKind::ListItem;
        self.text.push_str(if same_list { "\n" } else { "\n\n" });
    }

    fn check_size(&self) -> Result<(), ParseError> {
        let limits = &self.budget.limits;
        if self.chars > limits.max_text_chars {
            return Err(ParseError::TooLarge { what: "characters of text", limit: limits.max_text_chars });
        }
        if self.blocks.len() > limits.max_blocks {
            return Err(ParseError::TooLarge { what: "blocks", limit: limits.max_blocks });
        }
        Ok(())
    }
}

/// What belongs in a document's text: neither control characters (Postgres refuses U+0000) nor what cannot be seen, which
/// hides instructions from the person who reads the document, or turns around what it says.
fn seen(text: &str) -> Cow<'_, str> {
    let control = |c: char| c.is_control() && !matches!(c, '\n' | '\t');
    if text.contains(control) {
        return Cow::Owned(visible(&text.replace(control, "")).into_owned());
    }
    visible(text)
}
