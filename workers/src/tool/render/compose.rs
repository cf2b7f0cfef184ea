//! Puts a document together.

use std::fmt::Write;

use ammonia::Builder;
use comrak::{Options, markdown_to_html};
use sba_subjects::{
    tool::{RenderParams, Section},
    visible::visible,
};

use super::{MAX_TITLE, sanitize, verify::Citation, words::Words};

/// The question as it is shown, in characters.
const MAX_QUESTION: usize = 1_000;

/// Nothing is fetched and nothing runs, even if a sanitizer had a hole.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

const STYLE: &str = "body{font:1rem/1.6 system-ui,sans-serif;max-width:44rem;margin:3rem auto;padding:0 1rem;color:#1b1b1b}\
h1,h2{line-height:1.25}blockquote{margin:.5rem 0;padding:.1rem 1rem;border-left:3px solid #bbb;color:#444}\
table{border-collapse:collapse}td,th{border:1px solid #ccc;padding:.25rem .6rem}\
h1,h2,p,li,td,th{unicode-bidi:plaintext}\
@media(prefers-color-scheme:dark){body{background:#161616;color:#e6e6e6}blockquote{color:#b5b5b5}}";

/// A document in its two forms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Composed {
    /// Its title, as text.
    pub(super) title: String,
    pub(super) markdown: String,
    pub(super) html: String,
}

/// The document of verified citations.
pub(super) fn document(params: &RenderParams, citations: &[Citation]) -> Composed {
    let words = Words::of(params.locale.as_deref());
    let title = title(&params.title, words.untitled);
    let markdown = markdown(params, citations, &title, &words);
    let html = page(&title, &html(&markdown), words.lang);
    Composed { title, markdown, html }
}

fn title(given: &str, untitled: &str) -> String {
    let given = visible(given);
    let words: Vec<&str> =
        given.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty()).collect();
    let title: String = words.join(" ").chars().take(MAX_TITLE).collect();
    if title.is_empty() { untitled.to_owned() } else { title }
}

fn markdown(params: &RenderParams, citations: &[Citation], title: &str, words: &Words) -> String {
    let mut out = format!("# {}\n", sanitize::line(title));
    let question: String = params.question.trim().chars().take(MAX_QUESTION).collect();
    if !question.is_empty() && question != title {
        // Writing to a string does not fail.
        let _ = write!(out, "\n**{}:** {}\n", words.question, sanitize::line(&question));
    }
    for section in &params.sections {
        let heading = sanitize::line(&section.heading);
        if !heading.is_empty() {
            let _ = write!(out, "\n## {heading}\n");
        }
        let text = sanitize::section(&section.text);
        let gap = section.gap.map(|gap| format!("*{}*", words.gap(gap)));
        let paragraphs: Vec<String> = [text].into_iter().filter(|text| !text.is_empty()).chain(gap).collect();
        let text = paragraphs.join("\n\n");
        let marks = marks(section, citations);
        let _ = match (text.is_empty(), marks.is_empty()) {
            (true, true) => Ok(()),
            (true, false) => write!(out, "\n{marks}\n"),
            (false, true) => write!(out, "\n{text}\n"),
            // After a list, a table or code the marks need a line of their own.
            (false, false) if ends_as_text(&text) => write!(out, "\n{text} {marks}\n"),
            (false, false) => write!(out, "\n{text}\n\n{marks}\n"),
        };
    }
    let _ = write!(out, "\n## {}\n", words.sources);
    if citations.is_empty() {
        let _ = write!(out, "\n{}\n", words.none);
    }
    for (index, citation) in citations.iter().enumerate() {
        let _ = write!(out, "\n{}", source(index + 1, citation));
    }
    out
}

/// The numbers of the sources that a section rests on.
fn marks(section: &Section, citations: &[Citation]) -> String {
    let named = citations.iter().enumerate().filter(|(_, citation)| section.sources.contains(&citation.source));
    named.map(|(index, _)| format!("[{}]", index + 1)).collect()
}

fn ends_as_text(text: &str) -> bool {
    let last = text.rsplit('\n').next().unwrap_or_default();
    !last.starts_with([' ', '-', '|', '>', '`', '~', '\t', '<']) && !last.starts_with(|c: char| c.is_ascii_digit())
}

fn source(number: usize, citation: &Citation) -> String {
    let title = sanitize::line(&citation.title);
    let headings: Vec<String> = citation
        .headings
        .iter()
        .filter(|heading| **heading != citation.title)
        .map(|heading| sanitize::line(heading))
        .collect();
    let place = if headings.is_empty() { String::new() } else { format!(" — {}", headings.join(" › ")) };
    // A quote keeps its lines, each as text, so that a table row or a list item stays legible.
    let lines: Vec<String> = citation.quote.lines().map(sanitize::line).filter(|line| !line.is_empty()).collect();
    let quote = lines.join("  \n   > ");
    format!("{number}. **{title}**{place}\n\n   > {quote}\n")
}

/// HTML of Markdown, sanitized: no scripts, no styles, no images, no links.
pub(super) fn html(markdown: &str) -> String {
    let mut options = Options::default();
    options.extension.table = true;
    options.extension.strikethrough = true;
    let dirty = markdown_to_html(markdown, &options);
    Builder::default()
        .rm_tags(["a", "img", "map", "area"])
        .rm_generic_attributes(["lang", "title"])
        .url_schemes(std::collections::HashSet::new())
        .clean(&dirty)
        .to_string()
}

fn page(title: &str, body: &str, lang: &str) -> String {
    let mut escaped = String::new();
    // Writing to a string does not fail; if it ever did, there would be less of a title.
    let _ = comrak::html::escape(&mut escaped, title);
    let title = escaped;
    format!(
        "<!doctype html>\n<html lang=\"{lang}\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">\n\
         <meta name=\"referrer\" content=\"no-referrer\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n{body}</body>\n</html>\n"
    )
}

#[cfg(test)]
mod tests;
