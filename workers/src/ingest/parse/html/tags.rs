//! What the names and attributes of HTML elements mean for text.

use html5ever::tokenizer::{
    Tag, TokenSinkResult,
    states::RawKind::{Rawtext, Rcdata, ScriptData},
};

/// Elements whose content is no text of the document.
const UNSEEN: &[&str] = &[
    "script", "style", "template", "noscript", "noembed", "noframes", "iframe", "object", "svg", "math", "canvas",
    "audio", "video", "select", "datalist", "textarea", "button", "dialog", "nav", "head",
];

/// Elements that have no content.
const VOID: &[&str] =
    &["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr"];

/// Elements that begin and end a block of text.
const BLOCK: &[&str] = &[
    "address",
    "article",
    "aside",
    "body",
    "caption",
    "center",
    "dd",
    "details",
    "div",
    "dl",
    "dt",
    "fieldset",
    "figcaption",
    "figure",
    "footer",
    "form",
    "header",
    "hgroup",
    "hr",
    "html",
    "legend",
    "main",
    "p",
    "section",
    "summary",
];

/// Elements that the next of their kind, or the end of what holds them, closes.
const CLOSED_BY_NEXT: &[&str] = &["p", "li", "dt", "dd", "td", "th", "tr", "option"];

pub(super) fn is_void(name: &str) -> bool {
    VOID.contains(&name)
}

pub(super) fn is_block(name: &str) -> bool {
    BLOCK.contains(&name)
}

pub(super) fn is_closed_by_next(name: &str) -> bool {
    CLOSED_BY_NEXT.contains(&name)
}

/// Whether an element holds others that [`is_closed_by_next`].
pub(super) fn is_holder(name: &str) -> bool {
    matches!(name, "ul" | "ol" | "dl" | "table")
}

/// The level of a heading.
pub(super) fn heading_level(name: &str) -> Option<u8> {
    match name.as_bytes() {
        [b'h', level @ b'1'..=b'6'] => Some(level - b'0'),
        _ => None,
    }
}

/// Whether a reader does not see an element: by its kind or its attributes.
pub(super) fn is_unseen(tag: &Tag) -> bool {
    let name: &str = &tag.name;
    if is_void(name) {
        return false;
    }
    UNSEEN.contains(&name)
        || tag.attrs.iter().any(|attribute| match &*attribute.name.local {
            "hidden" => true,
            "style" => hides(&attribute.value),
            _ => false,
        })
}

fn hides(style: &str) -> bool {
    let style: String = style.chars().filter(|c| !c.is_whitespace()).flat_map(char::to_lowercase).collect();
    let zero = |property: &str| {
        style.split(';').any(|rule| {
            let value = rule.strip_prefix(property).and_then(|rest| rest.strip_prefix(':'));
            value.is_some_and(|value| value.trim_end_matches(|c: char| c.is_ascii_alphabetic() || c == '%') == "0")
        })
    };
    style.contains("display:none") || style.contains("visibility:hidden") || zero("font-size") || zero("opacity")
}

/// How the tokenizer has to read the content of an element: markup in it is text.
pub(super) fn raw_text(tag: &Tag, foreign: bool) -> Option<TokenSinkResult<()>> {
    if foreign && tag.self_closing {
        return None;
    }
    match &*tag.name {
        "script" => Some(TokenSinkResult::RawData(ScriptData)),
        "style" | "xmp" | "iframe" | "noembed" | "noframes" | "noscript" => Some(TokenSinkResult::RawData(Rawtext)),
        "title" | "textarea" => Some(TokenSinkResult::RawData(Rcdata)),
        "plaintext" => Some(TokenSinkResult::Plaintext),
        _ => None,
    }
}
