//! Makes text of a model harmless.
//!
//! A model writes what a document may have told it to write. Its text may be emphasised, listed and tabulated; it
//! may not link, embed, script, imitate headings, claim citations, or hide and turn around what is written.

use comrak::{
    Arena, Options,
    arena_tree::NodeEdge,
    format_commonmark,
    nodes::{AstNode, Node, NodeValue},
    options::ListStyleType,
    parse_document,
};
use sba_subjects::visible::visible;

/// The longest text of one section, in characters. What is longer is cut.
const MAX_TEXT: usize = 40_000;

/// Markdown of a section's text in which nothing but the text itself is left.
pub(super) fn section(text: &str) -> String {
    let text: String = text.chars().filter(|c| *c == '\n' || *c == '\t' || !c.is_control()).take(MAX_TEXT).collect();
    let text = without_citations(&text);
    let arena = Arena::new();
    let options = options();
    let root = parse_document(&arena, &text, &options);
    disarm(&arena, root);
    let mut markdown = String::new();
    // Writing to a string does not fail; if it ever did, there would be less text.
    let _ = format_commonmark(root, &options, &mut markdown);
    // Last: references such as `&#x202E;` have become characters.
    visible(markdown.trim()).into_owned()
}

/// One line of text with everything that Markdown would act on escaped.
pub(super) fn line(text: &str) -> String {
    let text = visible(text);
    let line = text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty());
    let line = line.collect::<Vec<_>>().join(" ");
    let escaped: String = line.chars().flat_map(escape).collect();
    // A number and a dot would begin a list.
    match escaped.find(|c: char| !c.is_ascii_digit()) {
        Some(at) if at > 0 && escaped[at..].starts_with(['.', ')']) => {
            format!("{}\\{}", &escaped[..at], &escaped[at..])
        }
        _ => escaped,
    }
}

fn escape(c: char) -> impl Iterator<Item = char> {
    // Every other character of ASCII may be escaped too, but text should stay legible.
    let active = "\\`*_{}[]<>#+-!|~&=".contains(c);
    active.then_some('\\').into_iter().chain(std::iter::once(c))
}

fn options() -> Options<'static> {
    let mut options = Options::default();
    options.extension.table = true;
    options.extension.strikethrough = true;
    options.render.list_style = ListStyleType::Dash;
    options
}

/// Takes links, images, HTML and headings out of a tree, their text stays.
fn disarm<'a>(arena: &'a Arena<'a>, root: Node<'a>) {
    let nodes: Vec<Node<'a>> =
        root.traverse().filter_map(|edge| if let NodeEdge::Start(node) = edge { Some(node) } else { None }).collect();
    for node in nodes {
        let value = node.data().value.clone();
        match value {
            NodeValue::Link(_) | NodeValue::Image(_) | NodeValue::WikiLink(_) => {
                while let Some(child) = node.first_child() {
                    node.insert_before(child);
                }
                node.detach();
            }
            NodeValue::HtmlInline(html) => node.data_mut().value = NodeValue::Text(html.into()),
            NodeValue::HtmlBlock(block) => {
                let text = block.literal.split_whitespace().collect::<Vec<_>>().join(" ");
                node.append(arena.alloc(AstNode::from(NodeValue::Text(text.into()))));
                node.data_mut().value = NodeValue::Paragraph;
            }
            NodeValue::Heading(_) => {
                let strong = arena.alloc(AstNode::from(NodeValue::Strong));
                while let Some(child) = node.first_child() {
                    strong.append(child);
                }
                node.append(strong);
                node.data_mut().value = NodeValue::Paragraph;
            }
            _ => {}
        }
    }
}

/// Text without `[1]`, `[2, 3]`: numbers of sources are given by the renderer alone. Code keeps its brackets.
fn without_citations(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    let mut code = false;
    while let Some(at) = rest.find(['[', '`']) {
        let (before, from) = rest.split_at(at);
        kept.push_str(before);
        if from.starts_with('`') {
            code = !code;
        } else if !code && let Some(after) = citation(from) {
            kept.truncate(kept.trim_end_matches(' ').len());
            rest = after;
            continue;
        }
        kept.push_str(&from[..1]);
        rest = &from[1..];
    }
    kept.push_str(rest);
    kept
}

/// What follows a citation mark at the start of `text`.
fn citation(text: &str) -> Option<&str> {
    let (inside, after) = text.strip_prefix('[')?.split_once(']')?;
    let numbers = !inside.is_empty()
        && inside.len() <= 20
        && inside.chars().any(|c| c.is_ascii_digit())
        && inside.chars().all(|c| c.is_ascii_digit() || matches!(c, ',' | ' ' | '-' | '^'));
    numbers.then_some(after)
}

#[cfg(test)]
mod tests;
