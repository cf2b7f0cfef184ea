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
fn of_a_page_with_a_main_part_only_that_is_read() {
    let around = "<header><h1>Site</h1></header><div>X</div>";
    for main in ["<main><h2>A</h2>b<div>c</div></main>", "<div role=Main><h2>A</h2>b<div>c</div></div>"] {
        let document = read(&format!("<title>T</title>{around}{main}<footer>X</footer><p>X"), Format::Html);
        assert_eq!((document.title.as_str(), document.text.as_str()), ("T", "A\n\nb\n\nc"), "{main}");
        assert_eq!(*document.blocks[1].headings, ["A".to_owned()], "the site's heading is not the page's");
    }
    let document = read(&format!("{around}<main id=app></main><p>after"), Format::Html);
    assert_eq!(document.text, "Site\n\nX\n\nafter", "a main part that a script was to fill");
    assert_eq!(read("<main>a</main>x<main>b</main>", Format::Html).text, "a\n\nb");
    assert_eq!(read("<p>a<div hidden><main>X</main></div><p>b", Format::Html).text, "a\n\nb");
    assert_eq!(read("a <main>*b*</main>\n\nc", Format::Markdown).text, "a b\n\nc", "a fragment is read whole");
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
