#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use proptest::prelude::*;

use super::*;
use crate::ingest::parse::{Format, ParseLimits, parse};

fn markdown(source: &str) -> Parsed {
    parse(source.as_bytes(), Format::Markdown, "test.md", ParseLimits::default()).unwrap()
}

fn texts(document: &Parsed, limits: SplitLimits) -> Vec<&str> {
    split(document, limits).iter().map(|passage| passage.text(document)).collect()
}

#[test]
fn a_heading_stays_with_its_section() {
    let document = markdown("# A\n\n## B\n\nOne.\n\nTwo.\n\n## C\n\nThree.");
    let passages = split(&document, SplitLimits::default());
    assert_eq!(texts(&document, SplitLimits::default()), ["A\n\nB\n\nOne.\n\nTwo.", "C\n\nThree."]);
    assert_eq!(*passages[0].headings, ["A".to_owned(), "B".to_owned()]);
    assert_eq!(*passages[1].headings, ["A".to_owned(), "C".to_owned()]);
}

#[test]
fn a_block_that_fits_is_never_cut() {
    let table = "| a | b |\n|---|---|\n| one | two |\n| three | four |\n";
    let document = markdown(&format!("{}\n\n{table}\n\nAfter.", "Before is a sentence. ".repeat(6)));
    let limits = SplitLimits { target: 100, max: 160, overlap: 20 };
    assert!(texts(&document, limits).contains(&"a | b\none | two\nthree | four\n\nAfter."));
}

#[test]
fn what_is_cut_overlaps_by_whole_sentences() {
    let document = markdown("First sentence here. Second sentence here. Third sentence here. Fourth sentence here.");
    let limits = SplitLimits { target: 64, max: 64, overlap: 30 };
    let passages = texts(&document, limits);
    assert_eq!(passages[0], "First sentence here. Second sentence here.");
    assert_eq!(passages[1], "Second sentence here. Third sentence here.");
    assert_eq!(passages[2], "Third sentence here. Fourth sentence here.");
}

#[test]
fn a_heading_is_never_left_alone_before_a_large_block() {
    let document = markdown(&format!("# Title\n\n{}", "word ".repeat(200)));
    let limits = SplitLimits { target: 200, max: 1005, overlap: 0 };
    assert!(texts(&document, limits)[0].starts_with("Title\n\nword"));
}

#[test]
fn the_embedding_knows_the_section() {
    let document = markdown("# Handbook\n\n## Leave\n\nTwenty days.\n\n- one\n- two");
    let passages = split(&document, SplitLimits { target: 20, max: 64, overlap: 0 });
    assert_eq!(passages[0].embedding_input(&document), "Handbook\n\nLeave\n\nTwenty days.");
    assert_eq!(passages[1].embedding_input(&document), "Handbook > Leave\n- one\n- two");
}

fn block() -> impl Strategy<Value = String> {
    prop_oneof![
        "#{1,4} [a-zäß ]{0,40}",
        "([A-Za-z]{1,12} ){1,60}\\.",
        "(- [a-z]{1,20}\n){1,8}",
        "```\n([ a-z0-9{};=]{0,60}\n){0,12}```",
        "\\PC{0,200}",
        "[一-龥]{0,400}",
        "x{0,700}",
        "(e\u{301}\u{301}){0,300}",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn passages_cover_the_text_in_order_within_limits(
        blocks in prop::collection::vec(block(), 1..12),
        target in 1_usize..400,
        max in 64_usize..600,
        overlap in 0_usize..300,
    ) {
        let Ok(document) =
            parse(blocks.join("\n\n").as_bytes(), Format::Markdown, "t", ParseLimits::default()) else { return Ok(()) };
        let passages = split(&document, SplitLimits { target, max, overlap });
        let mut covered = 0;
        let mut last = 0..0;
        for passage in &passages {
            let text = document.text.get(passage.span.clone());
            prop_assert!(text.is_some_and(|text| !text.is_empty() && text.trim() == text));
            prop_assert!(size_of(text.unwrap_or_default()) <= max);
            prop_assert!(passage.span.start >= last.start && passage.span.end > last.end);
            if passage.span.start > covered {
                prop_assert_eq!(document.text[covered..passage.span.start].trim(), "");
            }
            covered = passage.span.end;
            last = passage.span.clone();
            let by_chars: String =
                document.text.chars().skip(passage.chars.start).take(passage.chars.len()).collect();
            prop_assert_eq!(Some(by_chars.as_str()), text);
        }
        prop_assert_eq!(document.text[covered..].trim(), "");
    }
}
