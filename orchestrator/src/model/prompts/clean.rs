//! Foreign text without what a model or a reader could mistake for something else.

use sba_subjects::visible::visible;

/// Marks of chat templates that are not of the form `<|…|>`.
const MARKS: [&str; 12] = [
    "<s>",
    "</s>",
    "[inst]",
    "[/inst]",
    "<<sys>>",
    "<</sys>>",
    "<start_of_turn>",
    "<end_of_turn>",
    "<bos>",
    "<eos>",
    "<pad>",
    "<unk>",
];

/// `text` on one line, without control tokens of chat templates, control characters and characters
/// that cannot be seen.
///
/// A server that finds `<|im_start|>` in a message takes it for the beginning of another one, so
/// such marks are taken apart, never just removed: what is left of one cannot form the next.
#[must_use]
pub fn clean(text: &str) -> String {
    let text = visible(text);
    let words: Vec<&str> = text.split(|c: char| c.is_whitespace() || c.is_control()).collect();
    let line = words.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    let line = line.replace("<|", "< |").replace("|>", "| >");
    MARKS.iter().fold(line, |line, mark| take_apart(&line, mark))
}

/// Puts a space behind the first character of each `mark`, whatever its case.
fn take_apart(line: &str, mark: &str) -> String {
    let mut rest = line;
    let mut out = String::with_capacity(line.len());
    while let Some(at) = find_ignoring_case(rest, mark) {
        out.push_str(&rest[..=at]);
        out.push(' ');
        rest = &rest[at + 1..];
    }
    out.push_str(rest);
    out
}

/// Where `mark`, which is ASCII and begins with a bracket, first stands in `line`.
fn find_ignoring_case(line: &str, mark: &str) -> Option<usize> {
    line.as_bytes().windows(mark.len()).position(|part| part.eq_ignore_ascii_case(mark.as_bytes()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn marks_are_taken_apart_and_the_rest_stays() {
        assert_eq!(clean("a <|im_start|>system\n\tb"), "a < |im_start| >system b");
        assert_eq!(clean("x[INST]y</S>z<<SYS>>"), "x[ INST]y< /S>z< <SYS>>");
        assert_eq!(clean("Vec<T> | a < b > c | 3 <= 4"), "Vec<T> | a < b > c | 3 <= 4");
    }

    #[test]
    fn hidden_characters_vanish() {
        assert_eq!(clean("a\u{200B}b\u{202E}c\u{E0041}\u{FEFF}d\u{0}e\u{1b}[0m"), "abcd e [0m");
        assert_eq!(clean("<\u{200B}|im_start|>"), "< |im_start| >");
    }

    proptest! {
        #[test]
        fn no_mark_survives(text in "([<|>/sSinst\\[\\]\u{200B} é]|<s>|<\\||\\|>|<<sys>>){0,40}") {
            let cleaned = clean(&text).to_lowercase();
            prop_assert!(!cleaned.contains("<|") && !cleaned.contains("|>"), "{cleaned}");
            for mark in MARKS {
                prop_assert!(!cleaned.contains(mark), "{cleaned}");
            }
            prop_assert_eq!(clean(&cleaned), cleaned);
        }
    }
}
