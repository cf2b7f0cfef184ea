use std::time::Instant;

use super::*;

#[test]
fn structure_becomes_blocks_under_headings() {
    let document = read(
        "<!doctype html><html><head><title>The &amp; title</title><style>p{}</style></head><body>\
         <nav><a href=/>Home</a></nav><h1>One</h1><p>Some <b>bold</b>\n text.<p>Implied end.\
         <ul><li>a<ol><li>x<li>y</ol><li><p>b</p></ul><blockquote>said</blockquote>\
         <pre>  two\n  lines</pre><table><tr><th>k<th>v<tr><td>1<td><p>2</p></table><h2>Two</h2>end",
        Format::Html,
    );
    assert_eq!(document.title, "The & title");
    assert_eq!(
        blocks(&document),
        [
            (BlockKind::Heading, "One"),
            (BlockKind::Paragraph, "Some bold text."),
            (BlockKind::Paragraph, "Implied end."),
            (BlockKind::ListItem, "- a"),
            (BlockKind::ListItem, "  1. x"),
            (BlockKind::ListItem, "  2. y"),
            (BlockKind::ListItem, "- b"),
            (BlockKind::Quote, "said"),
            (BlockKind::Code, "  two\n  lines"),
            (BlockKind::Table, "k | v\n1 | 2"),
            (BlockKind::Heading, "Two"),
            (BlockKind::Paragraph, "end"),
        ]
    );
    assert_eq!(*document.blocks[11].headings, ["One".to_owned(), "Two".to_owned()]);
}

#[test]
fn what_is_hidden_is_left_out() {
    for hidden in [
        "<div hidden>X <div>X</div> X</div>",
        "<span style='DISPLAY : none'>X<br>X</span>",
        "<div style=\"color:red; font-size:0px\">X</div>",
        "<p style=opacity:0>X",
        "<ul><li hidden>X<ul><li>X</li></ul>X<li>seen</ul>",
        "<script>'</p>X'</script>",
        "<style>X</style><template>X<p>X</template><noscript>X</noscript>",
        "<svg><title>X</title><script/><text>X</text></svg>",
        "<textarea>X</textarea><iframe>X</iframe><select><option>X</select>",
        "<!-- X --><![CDATA[X]]><?X?>",
    ] {
        let document = read(&format!("<p>before</p>{hidden}<p>after</p>"), Format::Html);
        assert!(document.text.starts_with("before") && document.text.ends_with("after"), "{hidden}: {}", document.text);
        assert!(!document.text.contains('X'), "{hidden}: {}", document.text);
    }
}

#[test]
fn its_encoding_may_be_declared() {
    let source = b"<meta http-equiv=content-type content='text/html; charset=koi8-r'><p>\xf0\xf2\xe9".as_slice();
    assert_eq!(parse(source, Format::Html, "a", ParseLimits::default()).unwrap().text, "ПРИ");
}

#[test]
fn bombs_are_bounded() {
    let deep = format!("{}text", "<div><b><a>".repeat(100_000));
    assert_eq!(read(&deep, Format::Html).text, "text");
    let limits = ParseLimits { deadline: Duration::from_secs(2), ..ParseLimits::default() };
    let started = Instant::now();
    let lists = format!("{}text", "<ul><li>".repeat(400_000));
    assert_eq!(code(lists.as_bytes(), Format::Html, limits), "document_too_complex");
    let attributes = format!("<p {}>text", (0..2_000_000).map(|n| format!("a{n} ")).collect::<String>());
    assert_eq!(code(attributes.as_bytes(), Format::Html, limits), "document_too_complex");
    let blocks = "<p>x".repeat(300_000);
    assert_eq!(code(blocks.as_bytes(), Format::Html, ParseLimits::default()), "document_too_large");
    assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
}
