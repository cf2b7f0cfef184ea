//! What a small model says that its sources do not.
//!
//! A model of a hundred million parameters answers from its example, or out of nothing, about as often as from the passages
//! that it is shown. Its sentences stand in a report beside citations, so those that the passages cannot have been the
//! source of are left out. That is decided by words, and so only for models whose answers are close to their sources; a
//! larger one says the same in other words, or in another language.

use std::collections::HashSet;

use unicode_segmentation::UnicodeSegmentation;

/// Words are compared by this many first letters: a cheap way to match their forms.
const STEM_CHARS: usize = 5;

/// Shorter words tell nothing about where a sentence comes from.
const TELLING_CHARS: usize = 4;

/// The part of a sentence's telling words that must stand in the passages.
const ENOUGH: f64 = 0.6;

/// `text` without the sentences that cannot come from the passages, and whether there were any.
pub(super) fn grounded(text: &str, passages: &[&str]) -> (String, bool) {
    let known: HashSet<String> = passages.iter().flat_map(|passage| stems(passage)).collect();
    let all: Vec<&str> = text.unicode_sentences().map(str::trim).filter(|sentence| !sentence.is_empty()).collect();
    let kept: Vec<&str> = all.iter().copied().filter(|sentence| stands(sentence, &known)).collect();
    (kept.join(" "), kept.len() < all.len())
}

/// Whether every number of a sentence, and most of its telling words, stand in the passages.
fn stands(sentence: &str, known: &HashSet<String>) -> bool {
    let (numbers, words): (Vec<String>, Vec<String>) =
        stems(sentence).partition(|stem| stem.chars().any(char::is_numeric));
    let telling: Vec<&String> = words.iter().filter(|word| word.chars().count() >= TELLING_CHARS).collect();
    let found = telling.iter().filter(|word| known.contains(**word)).count();
    numbers.iter().all(|number| known.contains(number)) && found as f64 >= telling.len() as f64 * ENOUGH
}

/// The beginnings of words; a number is whole.
fn stems(text: &str) -> impl Iterator<Item = String> {
    text.unicode_words().map(|word| {
        let word = word.to_lowercase();
        if word.chars().any(char::is_numeric) { word } else { word.chars().take(STEM_CHARS).collect() }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TERMS: &str = "The warranty of the kettle lasts 24 months from the day of purchase. Keep the receipt.";

    #[test]
    fn what_the_passages_say_is_kept_in_whatever_order() {
        let said = "The kettle's warranty lasts 24 months. Receipts you keep.";
        assert_eq!(grounded(said, &[TERMS]), (said.to_owned(), false));
        assert_eq!(grounded("Kettle", &[TERMS]), ("Kettle".to_owned(), false));
    }

    #[test]
    fn made_up_numbers_and_matters_are_left_out() {
        for said in [
            "The warranty of the kettle lasts 12 months.",
            "The warranty of the kettle ends in January 2024.",
            "The museum has three floors and a café.",
        ] {
            assert_eq!(grounded(said, &[TERMS]), (String::new(), true), "{said}");
        }
        let mixed = "The warranty lasts 24 months. It opens at 9:45.";
        assert_eq!(grounded(mixed, &[TERMS]), ("The warranty lasts 24 months.".to_owned(), true));
    }
}
