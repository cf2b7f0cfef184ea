//! Plain text: paragraphs are separated by blank lines.

use super::{BlockKind, Budget, ParseError, Parsed, builder::TextBuilder, encoding};

/// The longest first line that is taken for a title, in characters.
const MAX_TITLE_LINE: usize = 100;

pub(super) fn parse(bytes: &[u8], budget: &Budget) -> Result<Parsed, ParseError> {
    let text = encoding::decode(bytes, None, "text")?.replace("\r\n", "\n").replace('\r', "\n");
    let mut builder = TextBuilder::new(budget);
    let mut paragraph = String::new();
    for line in text.split('\n') {
        if line.trim().is_empty() {
            builder.block(BlockKind::Paragraph, &paragraph)?;
            paragraph.clear();
        } else {
            paragraph.push_str(line);
            paragraph.push('\n');
        }
    }
    builder.block(BlockKind::Paragraph, &paragraph)?;
    builder.finish(title(&text))
}

/// The first line, when it stands alone like a title does and does not end like a sentence.
fn title(text: &str) -> Option<String> {
    let mut lines = text.trim_start().split('\n');
    let first = lines.next()?.trim();
    let alone = lines.next().is_none_or(|line| {
        let line = line.trim();
        line.is_empty() || line.chars().all(|c| matches!(c, '=' | '-' | '*' | '~' | '#'))
    });
    let short = first.chars().count() <= MAX_TITLE_LINE && !first.ends_with(['.', ',', ';', ':', '?', '!']);
    (alone && short && text.trim() != first).then(|| first.to_owned())
}
