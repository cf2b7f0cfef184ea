#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use super::*;

mod html;
mod markdown;
mod pdf;

fn read(source: &str, format: Format) -> Parsed {
    parse(source.as_bytes(), format, "folder/a file.txt", ParseLimits::default()).unwrap()
}

fn code(bytes: &[u8], format: Format, limits: ParseLimits) -> &'static str {
    parse(bytes, format, "a", limits).unwrap_err().code()
}

/// Each block's kind and text.
fn blocks(document: &Parsed) -> Vec<(BlockKind, &str)> {
    document.blocks.iter().map(|block| (block.kind, &document.text[block.span.clone()])).collect()
}

#[test]
fn plain_text_is_paragraphs_and_its_first_line_may_be_the_title() {
    let document = read("Release notes\n=============\n\nFirst\nline.\r\n\r\n\r\nSecond.", Format::Text);
    assert_eq!(document.title, "Release notes");
    assert_eq!(
        blocks(&document),
        [
            (BlockKind::Paragraph, "Release notes\n============="),
            (BlockKind::Paragraph, "First\nline."),
            (BlockKind::Paragraph, "Second."),
        ]
    );
    assert_eq!(read("Only a sentence.\nAnd another.", Format::Text).title, "a file");
}

#[test]
fn what_nobody_sees_is_not_in_the_text() {
    let document = read("pass\u{1}word\u{7} \u{e0069}\u{e0067}visible", Format::Text);
    assert_eq!(document.text, "password visible");
    let turned = read("# Terms \u{202E}fdp.exe\n\nPay \u{2066}10\u{2069} \u{200B}euros.", Format::Markdown);
    assert_eq!((turned.title.as_str(), turned.text.as_str()), ("Terms fdp.exe", "Terms fdp.exe\n\nPay 10 euros."));
    let spelled = "می\u{200C}خواهم 👩\u{200D}💻";
    assert_eq!(read(spelled, Format::Text).text, spelled);
    assert_eq!(code("\u{200B}\u{FEFF}".as_bytes(), Format::Text, ParseLimits::default()), "document_empty");
}

#[test]
fn empty_documents_are_refused() {
    for format in [Format::Markdown, Format::Text, Format::Html] {
        assert_eq!(code(b"", format, ParseLimits::default()), "document_empty");
        assert_eq!(code(b" \n\t\n ", format, ParseLimits::default()), "document_empty");
    }
    assert_eq!(code(b"<html><script>text</script></html>", Format::Html, ParseLimits::default()), "document_empty");
}

#[test]
fn too_much_of_anything_is_refused() {
    let text = b"one\n\ntwo\n\nthree";
    let limits = ParseLimits::default();
    assert_eq!(code(text, Format::Text, ParseLimits { max_bytes: 10, ..limits }), "document_too_large");
    assert_eq!(code(text, Format::Text, ParseLimits { max_text_chars: 10, ..limits }), "document_too_large");
    assert_eq!(code(text, Format::Text, ParseLimits { max_blocks: 2, ..limits }), "document_too_large");
    assert_eq!(code(text, Format::Text, ParseLimits { deadline: Duration::ZERO, ..limits }), "document_too_complex");
}

#[test]
fn binary_data_is_no_text() {
    let data = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0";
    for format in [Format::Markdown, Format::Text, Format::Html, Format::Pdf] {
        assert_eq!(code(data, format, ParseLimits::default()), "document_not_readable");
    }
}
