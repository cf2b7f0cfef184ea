//! Chooses what of a passage is quoted.

use std::{
    collections::{HashMap, HashSet},
    ops::Range,
};

use sba_subjects::passage::statements;
use unicode_segmentation::UnicodeSegmentation;

/// The longest quote, in characters.
const MAX_QUOTE: usize = 400;

/// How much more a word of the question counts than one of the section's text.
const QUESTION_WEIGHT: f64 = 3.0;

/// What a further sentence must add to the score to be quoted, as a part of the score so far.
const WORTHWHILE: f64 = 0.15;

/// How much each word counts: the rarer it is among the passages, the more.
pub(super) struct Relevance {
    weights: HashMap<String, f64>,
}

impl Relevance {
    /// Words of the question and of a section's text, weighed by how few sentences of `passages` have them.
    pub(super) fn new(question: &str, section: &str, passages: &[&str]) -> Self {
        let sentences: Vec<HashSet<String>> =
            passages.iter().flat_map(|passage| said(passage)).map(|(_, text)| words(text)).collect();
        let mut weights = HashMap::new();
        for (text, weight) in [(section, 1.0), (question, QUESTION_WEIGHT)] {
            for word in words(text) {
                let found = sentences.iter().filter(|sentence| sentence.contains(&word)).count();
                let rarity = (1.0 + ratio(sentences.len(), found.max(1))).ln();
                weights.insert(word, weight * rarity);
            }
        }
        Self { weights }
    }

    /// The sentences of `passage` that say most of what is asked and written, at most 400 characters, as bytes of it.
    pub(super) fn quote(&self, passage: &str) -> Range<usize> {
        let sentences: Vec<(Range<usize>, &str)> = said(passage).collect();
        let mut best = (f64::MIN, 0..passage.len());
        for (first, (start, _)) in sentences.iter().enumerate() {
            let mut seen = HashSet::new();
            let mut score = 0.0;
            for (span, text) in &sentences[first..] {
                let range = start.start..span.end;
                if range.start != span.start && passage[range.clone()].chars().count() > MAX_QUOTE {
                    break;
                }
                let gain: f64 = words(text)
                    .into_iter()
                    .filter(|word| seen.insert(word.clone()))
                    .filter_map(|word| self.weights.get(&word))
                    .sum();
                if range.start != span.start && gain <= score * WORTHWHILE {
                    break;
                }
                score += gain;
                let value = score * brevity(&passage[range.clone()]);
                if value > best.0 {
                    best = (value, range);
                }
            }
        }
        cut(passage, best.1)
    }
}

/// The statements of a passage with their spans.
fn said(passage: &str) -> impl Iterator<Item = (Range<usize>, &str)> {
    statements(passage).into_iter().map(|span| (span.clone(), &passage[span]))
}

/// Lower-case words of three letters or more and numbers, without a plural's `s`.
fn words(text: &str) -> HashSet<String> {
    text.unicode_words()
        .map(str::to_lowercase)
        .filter(|word| word.chars().count() > 2 || word.chars().any(|c| c.is_numeric()))
        .map(|word| word.strip_suffix('s').map(str::to_owned).unwrap_or(word))
        .collect()
}

/// A span of at most [`MAX_QUOTE`] characters, cut between words.
fn cut(text: &str, span: Range<usize>) -> Range<usize> {
    let whole = &text[span.clone()];
    let Some((end, _)) = whole.char_indices().nth(MAX_QUOTE) else { return span };
    let end = whole[..end].rfind(char::is_whitespace).filter(|at| *at > 0).unwrap_or(end);
    span.start..span.start + whole[..end].trim_end().len()
}

/// 1 for the shortest quote, three quarters for the longest: of two that say the same, the shorter is better.
fn brevity(quote: &str) -> f64 {
    1.0 - ratio(quote.chars().count().min(MAX_QUOTE), 4 * MAX_QUOTE)
}

#[expect(clippy::cast_precision_loss, reason = "counts of sentences and characters are small")]
fn ratio(all: usize, some: usize) -> f64 {
    all as f64 / some as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    const PASSAGE: &str = "The office opens at nine. The warranty of the Model T lasts 37 months from delivery. \
                           Batteries are excluded. The canteen serves soup.";

    fn quote<'a>(question: &str, section: &str, passage: &'a str) -> &'a str {
        &passage[Relevance::new(question, section, &[passage]).quote(passage)]
    }

    #[test]
    fn the_sentence_that_answers_is_quoted() {
        assert_eq!(
            quote("How long is the warranty of the Model T?", "It lasts long.", PASSAGE),
            "The warranty of the Model T lasts 37 months from delivery."
        );
        assert_eq!(quote("What is for lunch?", "Soup in the canteen", PASSAGE), "The canteen serves soup.");
    }

    #[test]
    fn lines_are_told_apart() {
        assert_eq!(quote("price of Beta", "", "Alpha | 10\nBeta | 20\nGamma | 30"), "Beta | 20");
        let prices = "Prices change daily. These are the prices of today:\n\nAlpha | 10\nBeta | 20";
        assert_eq!(quote("What are the prices of today?", "", prices), &prices["Prices change daily. ".len()..]);
    }

    #[test]
    fn a_quote_is_bounded_and_never_empty() {
        let long = "word ".repeat(300);
        let quoted = quote("word", "", &long);
        assert!((300..=MAX_QUOTE).contains(&quoted.chars().count()) && quoted.ends_with("word"));
        assert_eq!(quote("nothing of it", "", "龍".repeat(900).as_str()).chars().count(), MAX_QUOTE);
        assert_eq!(quote("", "", "Only this."), "Only this.");
    }
}
