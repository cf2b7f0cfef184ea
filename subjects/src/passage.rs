//! How a passage divides: its headings, and statements that make sense on their own.

use std::ops::Range;

use unicode_segmentation::UnicodeSegmentation as _;

/// The longest list item that stays whole, and the longest sentence whose lines are not told apart, in characters.
const WHOLE: usize = 240;

/// How far a sentence that announces a list takes the list in, in characters.
const ANNOUNCED: usize = 320;

/// The passage without the headings that it begins with, which are among those it stands under; all of it, where it is
/// nothing but headings.
#[must_use]
pub fn body<'a>(passage: &'a str, headings: &[String]) -> &'a str {
    let mut rest = passage;
    loop {
        let (line, below) = rest.split_once('\n').unwrap_or((rest, ""));
        if below.trim().is_empty() {
            return if rest == passage || !is_heading(line, headings) { rest } else { passage };
        }
        if !is_heading(line, headings) {
            return rest;
        }
        rest = below.trim_start_matches('\n');
    }
}

fn is_heading(line: &str, headings: &[String]) -> bool {
    headings.iter().any(|heading| heading == line.trim())
}

/// The statements of a passage, in order, as bytes of it, without white space around them: sentences, whatever lines they
/// stand on; items of lists; rows of tables. A sentence that announces a list says nothing without it, so it takes in as
/// much of the list as is short.
#[must_use]
pub fn statements(passage: &str) -> Vec<Range<usize>> {
    let mut statements: Vec<Range<usize>> = Vec::new();
    // Where the statement that takes in list items ends at the latest, in characters.
    let mut room: Option<usize> = None;
    for block in blocks(passage) {
        let text = &passage[block.span.clone()];
        let chars = text.chars().count();
        let taken = room.take().zip(statements.last_mut()).filter(|(room, _)| block.listed && chars <= *room);
        if let Some((left, announcement)) = taken {
            announcement.end = block.span.end;
            room = Some(left - chars);
            continue;
        }
        statements.extend(parts(passage, &block));
        let announces = statements.last().is_some_and(|last| passage[last.clone()].ends_with(':'));
        room = announces.then(|| ANNOUNCED.saturating_sub(chars));
    }
    statements
}

/// Lines that belong together.
struct Block {
    span: Range<usize>,
    /// Whether it is an item of a list or a row of a table.
    listed: bool,
}

fn blocks(passage: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut joins = false;
    let mut at = 0;
    for line in passage.split_inclusive('\n') {
        let start = at + (line.len() - line.trim_start().len());
        let text = line.trim();
        at += line.len();
        if text.is_empty() {
            joins = false;
            continue;
        }
        let span = start..start + text.len();
        let (item, row) = (is_item(text), is_row(text));
        match blocks.last_mut().filter(|_| joins && !item && !row) {
            Some(last) => last.span.end = span.end,
            None => blocks.push(Block { span, listed: item || row }),
        }
        joins = !row;
    }
    blocks
}

fn is_item(line: &str) -> bool {
    let numbered = line.trim_start_matches(|c: char| c.is_ascii_digit());
    ["- ", "* ", "• "].iter().any(|mark| line.starts_with(mark)) || (numbered != line && numbered.starts_with(". "))
}

fn is_row(line: &str) -> bool {
    line.starts_with('|') || line.contains(" | ")
}

/// The statements of a block.
fn parts(passage: &str, block: &Block) -> Vec<Range<usize>> {
    let text = &passage[block.span.clone()];
    if block.listed && text.chars().count() <= WHOLE {
        return vec![block.span.clone()];
    }
    // A sentence goes on where its line ends; the blank is as long as what it stands for.
    let line = text.replace('\n', " ");
    let sentences = line.split_sentence_bound_indices().map(|(at, sentence)| at..at + sentence.len());
    let lines = sentences.flat_map(|span| {
        let sentence = &text[span.clone()];
        let whole = sentence.chars().count() <= WHOLE;
        let pieces: Vec<&str> = if whole { vec![sentence] } else { sentence.split_inclusive('\n').collect() };
        pieces.into_iter().scan(span.start, |at, piece| {
            let start = *at;
            *at += piece.len();
            Some(start..*at)
        })
    });
    lines.filter_map(|span| trimmed(passage, block.span.start + span.start..block.span.start + span.end)).collect()
}

fn trimmed(passage: &str, span: Range<usize>) -> Option<Range<usize>> {
    let text = &passage[span.clone()];
    let start = span.start + (text.len() - text.trim_start().len());
    let text = text.trim();
    (!text.is_empty()).then(|| start..start + text.len())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn said(passage: &str) -> Vec<&str> {
        statements(passage).into_iter().map(|span| &passage[span]).collect()
    }

    #[test]
    fn sentences_end_at_their_end_and_not_at_a_line() {
        let passage = "The warehouse opened in 2009. It has three\nshifts and 140 workers.\n\nThe warden counts.";
        let expected = ["The warehouse opened in 2009.", "It has three\nshifts and 140 workers.", "The warden counts."];
        assert_eq!(said(passage), expected);
    }

    #[test]
    fn items_and_rows_are_told_apart_and_stay_whole() {
        assert_eq!(said("- Wear a helmet. Always.\n- Count."), ["- Wear a helmet. Always.", "- Count."]);
        assert_eq!(said("Alpha | 10\nBeta | 20"), ["Alpha | 10", "Beta | 20"]);
        assert_eq!(said("1. Stop.\n2. Look."), ["1. Stop.", "2. Look."]);
    }

    #[test]
    fn an_announcement_takes_its_list_in() {
        let passage = "It is safe. It has these parts:\n\n- A pump.\n- A tower.\n\nThey are old.";
        assert_eq!(said(passage), ["It is safe.", "It has these parts:\n\n- A pump.\n- A tower.", "They are old."]);
        assert_eq!(said("Prices:\nAlpha | 10"), ["Prices:\nAlpha | 10"]);
        let long = format!("Parts:\n- {}\n- A pump.", "x".repeat(ANNOUNCED));
        assert_eq!(said(&long).first(), Some(&"Parts:"));
    }

    #[test]
    fn the_lines_of_an_endless_sentence_are_told_apart() {
        let code = "let a = b;\n".repeat(40);
        assert_eq!(said(&code).len(), 40);
    }

    #[test]
    fn the_body_is_what_stands_below_the_headings() {
        let headings = ["Guide".to_owned(), "Safety".to_owned()];
        assert_eq!(body("Guide\n\nSafety\n\nWear a helmet.\nSafety", &headings), "Wear a helmet.\nSafety");
        assert_eq!(body("Wear a helmet.", &headings), "Wear a helmet.");
        assert_eq!(body("Guide\n\nSafety", &headings), "Guide\n\nSafety");
        assert_eq!(body("Safety", &headings), "Safety");
        assert_eq!(body("", &headings), "");
    }

    proptest! {
        #[test]
        fn statements_stand_in_order_and_leave_nothing_out(passage in "([a-zA-Z .:|*é一-]{0,30}\n{0,2}){0,12}") {
            let mut end = 0;
            for span in statements(&passage) {
                prop_assert!(span.start >= end && span.end > span.start);
                prop_assert_eq!(passage[end..span.start].trim(), "");
                prop_assert_eq!(passage[span.clone()].trim(), &passage[span.clone()]);
                end = span.end;
            }
            prop_assert_eq!(passage[end..].trim(), "");
        }

        #[test]
        fn a_body_ends_its_passage(passage in "([A-C]\n{1,2}){0,6}[a-z ]{0,9}", headings in prop::collection::vec("[A-C]", 0..3)) {
            let body = body(&passage, &headings);
            prop_assert!(passage.ends_with(body));
            prop_assert_eq!(body.trim().is_empty(), passage.trim().is_empty());
        }
    }
}
