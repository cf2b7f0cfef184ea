//! The model's text as it is fit to print.

use std::collections::HashSet;

use unicode_segmentation::UnicodeSegmentation;

/// What a finished sentence ends with.
const ENDS: [char; 11] = ['.', '!', '?', '…', '。', '！', '？', '"', '”', ')', '»'];

/// `text` without sentences that it says twice and without an unfinished last one.
///
/// Small models repeat themselves until they are cut off. The only sentence is kept however it ends:
/// it may as well be a name.
#[must_use]
pub fn tidy(text: &str) -> String {
    let mut seen = HashSet::new();
    let mut sentences: Vec<&str> =
        text.unicode_sentences().map(str::trim).filter(|s| !s.is_empty() && seen.insert(s.to_lowercase())).collect();
    let unfinished = sentences.last().is_some_and(|sentence| !sentence.ends_with(ENDS));
    if unfinished && sentences.len() > 1 {
        sentences.pop();
    }
    sentences.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeated_and_unfinished_sentences_are_dropped() {
        assert_eq!(tidy("It is 18. It is cold. It is 18. It is cold. It is"), "It is 18. It is cold.");
        assert_eq!(tidy(" The fee is 6.50 dollars.\n"), "The fee is 6.50 dollars.");
    }

    #[test]
    fn something_is_always_left() {
        assert_eq!(tidy("Meridian Railworks"), "Meridian Railworks");
        assert_eq!(tidy(""), "");
    }
}
