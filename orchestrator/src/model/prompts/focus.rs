//! Chooses the sentences of passages that best match a question.
//!
//! The words that a sentence shares with the question count, rare ones more. That is crude beside
//! the search that found the passages, but it needs no model and works in any language with words.

use std::collections::{HashMap, HashSet};

use sba_subjects::passage::statements;
use unicode_segmentation::UnicodeSegmentation;

use super::clean;

/// Words are compared by this many first letters: a cheap way to match their forms.
const STEM_CHARS: usize = 6;

/// Sentences that match less than this part of the best one are left out.
const FLOOR: f64 = 0.5;

/// How much less a sentence counts for each passage that was ranked before its own.
const RANK_LOSS: f64 = 0.1;

/// The chosen sentences.
pub(super) struct Focus {
    /// Place in the passages, match, and the sentence; best first.
    sentences: Vec<(usize, f64, String)>,
}

impl Focus {
    /// The sentences, best match first.
    pub(super) fn by_match(self) -> Vec<String> {
        self.sentences.into_iter().map(|(_, _, sentence)| sentence).collect()
    }

    /// The sentences in the order of the passages.
    pub(super) fn by_place(mut self) -> Vec<String> {
        self.sentences.sort_by_key(|(place, _, _)| *place);
        self.by_match()
    }
}

/// Chooses sentences of at most `max_chars` characters in all from `passages`, which stand best first.
pub(super) fn focus(question: &str, passages: &[&str], max_chars: usize) -> Focus {
    let mut sentences = ranked(question, passages);
    sentences.sort_by(|(_, left, _), (_, right, _)| right.total_cmp(left));
    let least = sentences.first().map_or(0.0, |(_, best, _)| best * FLOOR);
    let mut room = max_chars;
    sentences.retain_mut(|(_, score, sentence)| {
        let chars = sentence.chars().count() + 1;
        if room == max_chars && chars > room {
            *sentence = cut(sentence, room);
            room = 0;
            return true;
        }
        let fits = *score >= least && chars <= room;
        room -= if fits { chars } else { 0 };
        fits
    });
    Focus { sentences }
}

/// Every sentence once, with its place and its match.
fn ranked(question: &str, passages: &[&str]) -> Vec<(usize, f64, String)> {
    let mut seen = HashSet::new();
    let sentences: Vec<(usize, String, HashSet<String>)> = passages
        .iter()
        .enumerate()
        .flat_map(|(rank, passage)| sentences(passage).into_iter().map(move |sentence| (rank, sentence)))
        // Neighbouring passages overlap.
        .filter(|(_, sentence)| seen.insert(sentence.clone()))
        .map(|(rank, sentence)| {
            let stems = stems(&sentence);
            (rank, sentence, stems)
        })
        .collect();
    let weights = weights(question, sentences.iter().map(|(_, _, stems)| stems));
    let matched = |stems: &HashSet<String>| stems.iter().filter_map(|stem| weights.get(stem)).sum::<f64>();
    sentences
        .into_iter()
        .enumerate()
        .map(|(place, (rank, sentence, stems))| {
            let kept = (1.0 - RANK_LOSS * rank as f64).max(RANK_LOSS);
            (place, matched(&stems) * kept, sentence)
        })
        .collect()
}

/// How much each word of the question counts, by how few sentences have it.
fn weights<'a>(question: &str, sentences: impl Iterator<Item = &'a HashSet<String>> + Clone) -> HashMap<String, f64> {
    let all = sentences.clone().count() as f64;
    let telling = question.unicode_words().filter(|word| !is_filler(word)).collect::<Vec<_>>().join(" ");
    stems(&telling)
        .into_iter()
        .filter_map(|stem| {
            let with = sentences.clone().filter(|stems| stems.contains(&stem)).count();
            (with > 0).then(|| (stem, (1.0 + all / with as f64).ln()))
        })
        .collect()
}

/// Short words in small letters, such as "is", "und" and "les", tell nothing about a sentence; among
/// a few sentences they may be rare all the same.
fn is_filler(word: &str) -> bool {
    word.len() <= 3 && word.bytes().all(|byte| byte.is_ascii_lowercase())
}

fn stems(text: &str) -> HashSet<String> {
    text.unicode_words().map(|word| word.to_lowercase().chars().take(STEM_CHARS).collect()).collect()
}

/// The statements of a passage, each clean and on one line.
fn sentences(passage: &str) -> Vec<String> {
    let sentences = statements(passage).into_iter().map(|span| plain(&passage[span]));
    sentences.filter(|sentence| sentence.chars().any(char::is_alphanumeric)).collect()
}

/// A sentence without the marks of Markdown, which mean nothing to a model that writes prose.
fn plain(sentence: &str) -> String {
    clean(&sentence.replace("**", "").replace("__", "").replace('`', ""))
}

/// The beginning of a sentence that is too long, up to a space where there is one.
fn cut(sentence: &str, max_chars: usize) -> String {
    let kept: String = sentence.chars().take(max_chars).collect();
    kept.rsplit_once(' ').map_or(kept.as_str(), |(whole_words, _)| whole_words).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HANDBOOK: &str = "Safety:\nThe warehouse opened in 2009. It has three\nshifts and 140 workers.\n\n\
        - Wear a helmet.\n- The assembly point is the car park. The warden counts.";

    #[test]
    fn sentences_stand_on_one_line_without_marks() {
        let expected =
            ["Safety: The warehouse opened in 2009.", "It has three shifts and 140 workers.", "- Wear a helmet."];
        assert_eq!(sentences(HANDBOOK)[..3], expected);
        assert_eq!(sentences("**Never** run `rm`"), ["Never run rm"]);
    }

    #[test]
    fn the_best_match_is_chosen_first() {
        let chosen = focus("Where is the assembly point?", &["Nothing of note.", HANDBOOK], 100).by_match();
        assert_eq!(chosen[0], "- The assembly point is the car park. The warden counts.");
    }

    #[test]
    fn sentences_stand_once_and_in_place() {
        let question = "helmet and assembly point";
        let chosen = focus(question, &[HANDBOOK, HANDBOOK], 1_000).by_place();
        assert_eq!(chosen, ["- Wear a helmet.", "- The assembly point is the car park. The warden counts."]);
    }

    #[test]
    fn without_a_match_the_first_sentences_stay() {
        assert_eq!(focus("zzz", &["One. Two. Three."], 11).by_place(), ["One.", "Two."]);
    }

    #[test]
    fn an_endless_sentence_is_cut_between_words() {
        let endless = "word ".repeat(1_000);
        assert_eq!(focus("word", &[&endless], 12).by_match(), ["word word"]);
    }
}
