use super::*;

#[test]
fn structure_becomes_blocks_under_headings() {
    let document = read(
        "# Guide\n\nIntro with *marks*, [a link](https://x.example) and `code`.\nSame paragraph.\n\n\
         ## Steps\n\n1. First\n2. Second\n   - inner\n\n> Quoted\n\n```sh\nmake  demo\n```\n\n\
         | a | b |\n|---|---|\n| 1 | 2 |\n",
        Format::Markdown,
    );
    assert_eq!(document.title, "Guide");
    assert_eq!(
        blocks(&document),
        [
            (BlockKind::Heading, "Guide"),
            (BlockKind::Paragraph, "Intro with marks, a link and code. Same paragraph."),
            (BlockKind::Heading, "Steps"),
            (BlockKind::ListItem, "1. First"),
            (BlockKind::ListItem, "2. Second"),
            (BlockKind::ListItem, "  - inner"),
            (BlockKind::Quote, "Quoted"),
            (BlockKind::Code, "make  demo"),
            (BlockKind::Table, "a | b\n1 | 2"),
        ]
    );
    assert_eq!(*document.blocks[7].headings, ["Guide".to_owned(), "Steps".to_owned()]);
}

#[test]
fn a_heading_closes_those_of_its_level_and_below() {
    let document = read("# A\n\n### B\n\nx\n\n## C\n\ny", Format::Markdown);
    assert_eq!(*document.blocks[2].headings, ["A".to_owned(), "B".to_owned()]);
    assert_eq!(*document.blocks[4].headings, ["A".to_owned(), "C".to_owned()]);
}

#[test]
fn front_matter_names_the_document_and_is_no_text() {
    let document = read("---\ntitle: \"Annual report\"\ntags: [a]\n---\n\n# Other\n\nText.", Format::Markdown);
    assert_eq!(document.title, "Annual report");
    assert_eq!(document.text, "Other\n\nText.");
}

#[test]
fn html_inside_is_read_as_html() {
    let document = read(
        "# T\n\n<p align=\"center\"><b>Bold</b> words</p>\n\n<!-- secret -->\n\n<script>alert(1)</script>\n\nline<br>break",
        Format::Markdown,
    );
    assert_eq!(document.text, "T\n\nBold words\n\nline\nbreak");
}

#[test]
fn nesting_is_bounded() {
    let quotes = format!("{} deep", "> ".repeat(5_000));
    assert_eq!(code(quotes.as_bytes(), Format::Markdown, ParseLimits::default()), "document_too_complex");
    let brackets = "[".repeat(200_000);
    assert!(parse(brackets.as_bytes(), Format::Markdown, "a", ParseLimits::default()).is_ok());
}
