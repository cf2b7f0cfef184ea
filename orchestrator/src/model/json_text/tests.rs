use proptest::prelude::*;

use super::JsonText;

/// Feeds `raw` in pieces of the given sizes in characters, then what is left.
fn read(raw: &str, sizes: &[usize]) -> String {
    let mut reader = JsonText::new("text");
    let chars: Vec<char> = raw.chars().collect();
    let mut rest = chars.as_slice();
    let mut text = String::new();
    for size in sizes {
        let (piece, tail) = rest.split_at((*size).min(rest.len()));
        rest = tail;
        text.push_str(&reader.push(&piece.iter().collect::<String>()));
    }
    text.push_str(&reader.push(&rest.iter().collect::<String>()));
    text.push_str(&reader.finish());
    text
}

/// JSON with everything outside ASCII written as `\u` escapes.
fn ascii_json(text: &str) -> String {
    let quoted = serde_json::Value::from(text).to_string();
    let mut ascii = String::new();
    for unit in quoted.encode_utf16() {
        match u8::try_from(unit) {
            Ok(byte) if byte.is_ascii() => ascii.push(char::from(byte)),
            _ => ascii.push_str(&format!("\\u{unit:04X}")),
        }
    }
    ascii
}

proptest! {
    #[test]
    fn any_text_in_any_pieces_comes_out_whole(
        text in any::<String>(), sizes in prop::collection::vec(0usize..5, 0..80), spaced: bool, ascii: bool,
    ) {
        let string = if ascii { ascii_json(&text) } else { serde_json::Value::from(text.as_str()).to_string() };
        let raw = if spaced { format!(" {{\n\t\"text\" :  {string}\n}} ") } else { format!("{{\"text\":{string}}}") };
        prop_assert_eq!(read(&raw, &sizes), text);
    }

    #[test]
    fn hostile_pieces_never_panic(pieces in prop::collection::vec("[\\\\u\"dD8cC{}:text \u{1F980}]{0,6}", 0..30)) {
        let mut reader = JsonText::new("text");
        let _ = reader.push("{\"text\":\"");
        for piece in &pieces {
            let _ = reader.push(piece);
        }
        let _ = reader.finish();
    }

    #[test]
    fn prose_passes_through(text in "[A-Za-z\\[(][^{]{0,300}", sizes in prop::collection::vec(0usize..7, 0..20)) {
        prop_assert_eq!(read(&text, &sizes), text);
    }
}

#[test]
fn text_appears_as_soon_as_it_is_known() {
    let mut reader = JsonText::new("text");
    assert_eq!(reader.push("{\"te"), "");
    assert_eq!(reader.push("xt\": \"He"), "He");
    assert_eq!(reader.push("y\\"), "y");
    assert_eq!(reader.push("n\\uD83E"), "\n");
    assert_eq!(reader.push("\\uDD80!"), "🦀!");
    assert_eq!(reader.push("\"}"), "");
}

#[test]
fn broken_surrogates_become_replacement_characters() {
    for (raw, text) in [
        (r#"{"text":"a\uD83Eb"}"#, "a\u{FFFD}b"),
        (r#"{"text":"a\uDD80b"}"#, "a\u{FFFD}b"),
        (r#"{"text":"\uD83E\uD83E\uDD80"}"#, "\u{FFFD}🦀"),
        (r#"{"text":"\uD83E\u0041"}"#, "\u{FFFD}A"),
        (r#"{"text":"\uD83E"#, "\u{FFFD}"),
        (r#"{"text":"\uZ1"}"#, "\u{FFFD}1"),
    ] {
        assert_eq!(read(raw, &[1; 40]), text, "{raw}");
    }
}

#[test]
fn another_object_is_passed_through_as_prose() {
    let raw = r#"{"title": "x"}"#;
    assert_eq!(read(raw, &[3; 10]), raw);
}

#[test]
fn a_cut_head_yields_nothing_and_an_endless_one_is_not_kept() {
    assert_eq!(read("{\"te", &[]), "");
    let padding = " ".repeat(100_000);
    assert_eq!(read(&padding, &[1_000]).len(), padding.len());
}
