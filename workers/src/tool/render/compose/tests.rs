use sba_subjects::{id::DocumentId, tool::Gap};
use uuid::Uuid;

use super::*;

fn section(heading: &str, text: &str, sources: &[usize]) -> Section {
    Section { heading: heading.to_owned(), text: text.to_owned(), sources: sources.to_vec(), gap: None }
}

fn params(title: &str, sections: Vec<Section>) -> RenderParams {
    RenderParams {
        title: title.to_owned(),
        question: "How long is the warranty?".to_owned(),
        locale: None,
        sections,
        sources: Vec::new(),
    }
}

fn citation(source: usize, title: &str, quote: &str) -> Citation {
    Citation {
        source,
        document: DocumentId::from_uuid(Uuid::nil()),
        title: title.to_owned(),
        headings: vec![title.to_owned(), "Terms".to_owned()],
        quote: quote.to_owned(),
        span: 10..20,
    }
}

#[test]
fn sections_name_their_sources_by_number() {
    let params = params(
        "Warranty",
        vec![section("Answer", "It lasts 37 months.", &[4, 1]), section("Details", "- parts\n- work", &[1])],
    );
    let citations = [citation(4, "Handbook", "37 months from delivery."), citation(1, "Terms of sale", "a | b\nc | d")];
    let document = document(&params, &citations);
    assert_eq!(
        document.markdown,
        "# Warranty\n\n**Question:** How long is the warranty?\n\n## Answer\n\nIt lasts 37 months. [1][2]\n\n\
         ## Details\n\n- parts\n- work\n\n[2]\n\n## Sources\n\n\
         1. **Handbook** — Terms\n\n   > 37 months from delivery.\n\n\
         2. **Terms of sale** — Terms\n\n   > a \\| b  \n   > c \\| d\n"
    );
    assert!(document.html.contains("<p>It lasts 37 months. [1][2]</p>"), "{}", document.html);
    assert!(document.html.contains("<p>a | b<br>\nc | d</p>"), "{}", document.html);
}

#[test]
fn without_sources_it_says_so_in_the_readers_language() {
    let params = RenderParams { locale: Some("id-ID".to_owned()), ..params("", vec![section("", "Teks.", &[0])]) };
    let document = document(&params, &[]);
    assert_eq!(document.title, "Tanpa judul");
    assert!(document.markdown.ends_with("## Sumber\n\nTidak ada bagian dokumen yang mendukung teks ini.\n"));
    assert!(document.html.contains("<html lang=\"id\">"));
}

#[test]
fn a_section_whose_text_is_not_whole_says_so() {
    let gap = |text, gap| Section { gap: Some(gap), ..section("Answer", text, &[0]) };
    let citations = [citation(0, "Handbook", "37 months.")];
    let written = |section| document(&params("Warranty", vec![section]), &citations).markdown;
    let withheld = written(gap("It lasts", Gap::Withheld));
    assert!(withheld.contains("\nIt lasts\n\n*The model's provider kept text back here.* [1]\n"), "{withheld}");
    let unwritten = written(gap("", Gap::Unwritten));
    assert!(unwritten.contains("## Answer\n\n*The model wrote nothing here.* [1]\n"), "{unwritten}");
    assert!(unwritten.contains("> 37 months."), "{unwritten}");
}

#[test]
fn the_title_of_a_page_is_escaped_no_more_than_it_must_be() {
    let document = document(&params("What is \"due\"? R&D <b>", Vec::new()), &[]);
    let title = "<title>What is &quot;due&quot;? R&amp;D &lt;b&gt;</title>";
    assert!(document.html.contains(title), "{}", document.html);
}

#[test]
fn nothing_in_a_document_is_turned_around_or_hidden() {
    let turned = "Pay \u{202E}01\u{202C} \u{2067}now\u{2069}\u{200B} &#x202E;&#8238;&amp;#x202E; `\u{202D}x`";
    let params = params(turned, vec![section(turned, &format!("{turned}\n\n    {turned}\n\n- {turned}"), &[0])]);
    let params = RenderParams { question: turned.to_owned(), ..params };
    let document = document(&params, &[citation(0, turned, turned)]);
    for text in [&document.title, &document.markdown, &document.html] {
        let hidden = text.chars().find(|c| matches!(c, '\u{200B}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}'));
        assert_eq!(hidden, None, "{}", text.escape_unicode());
    }
    let spelled = "می\u{200C}خواهم 👩\u{200D}💻";
    let document = compose_of(spelled);
    for text in [&document.title, &document.markdown, &document.html] {
        assert!(text.contains(spelled), "{text}");
    }
}

fn compose_of(text: &str) -> Composed {
    document(&params(text, vec![section(text, text, &[0])]), &[citation(0, text, text)])
}

#[test]
fn hostile_documents_and_models_stay_text() {
    let attack = "</title><script>alert(1)</script><img src=https://evil.example/x onerror=alert(1)>";
    let links = "![x](https://evil.example/p.png) [y](javascript:alert(1)) <a href=https://evil.example>z</a>";
    let params = params(attack, vec![section(attack, &format!("{attack}\n\n{links}"), &[0])]);
    let document = document(&params, &[citation(0, attack, &format!("{attack}\n# Heading\n{links}"))]);
    for active in ["<script", "<img", "<a ", "href=", "src="] {
        let tags =
            document.html.replace("&lt;", "").replace("src=https://evil.example/x", "").replace("href=https", "");
        assert!(!tags.contains(active), "{active} in {}", document.html);
    }
    assert_eq!(document.html.matches("<title>").count(), 1);
    assert_eq!(document.html.matches("<h1>").count(), 1);
}
