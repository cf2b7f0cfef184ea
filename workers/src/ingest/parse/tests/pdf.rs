use super::*;

/// A PDF with one page for each content stream, in Helvetica.
pub(super) fn write_pdf(title: &str, contents: &[String]) -> Vec<u8> {
    let kids: String = (0..contents.len()).map(|page| format!("{} 0 R ", 4 + 2 * page)).collect();
    let mut objects = vec![
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        format!("<< /Type /Pages /Kids [{kids}] /Count {} >>", contents.len()),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>".to_owned(),
    ];
    for (page, content) in contents.iter().enumerate() {
        objects.push(format!(
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Contents {} 0 R \
             /Resources << /Font << /F1 3 0 R >> >> >>",
            5 + 2 * page
        ));
        objects.push(format!("<< /Length {} >>\nstream\n{content}\nendstream", content.len()));
    }
    objects.push(format!("<< /Title ({title}) >>"));
    let mut file = "%PDF-1.4\n".to_owned();
    let mut table = format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1);
    for (index, object) in objects.iter().enumerate() {
        table.push_str(&format!("{:010} 00000 n \n", file.len()));
        file.push_str(&format!("{} 0 obj\n{object}\nendobj\n", index + 1));
    }
    let start = file.len();
    let count = objects.len();
    file.push_str(&format!(
        "{table}trailer\n<< /Size {} /Root 1 0 R /Info {count} 0 R >>\nstartxref\n{start}\n%%EOF\n",
        count + 1
    ));
    file.into_bytes()
}

fn shown(size: u32, x: u32, y: u32, text: &str) -> String {
    format!("BT /F1 {size} Tf {x} {y} Td ({text}) Tj ET\n")
}

#[test]
fn lines_become_headings_and_paragraphs() {
    let first = [
        shown(20, 50, 700, "Quarterly report"),
        shown(10, 50, 660, "Revenue grew by 12 percent in the third quar-"),
        shown(10, 50, 648, "ter, mostly in services."),
        shown(10, 50, 610, "A second paragraph, which goes on"),
    ];
    let second = [shown(10, 50, 700, "over the page break."), shown(10, 50, 660, "[(Kerned) -600 (words)] TJ")];
    let second = second.concat().replace("([(", "[(").replace(")] TJ) Tj", ")] TJ");
    let document =
        parse(&write_pdf("", &[first.concat(), second]), Format::Pdf, "a.pdf", ParseLimits::default()).unwrap();
    assert_eq!(
        blocks(&document),
        [
            (BlockKind::Heading, "Quarterly report"),
            (BlockKind::Paragraph, "Revenue grew by 12 percent in the third quarter, mostly in services."),
            (BlockKind::Paragraph, "A second paragraph, which goes on over the page break."),
            (BlockKind::Paragraph, "Kerned words"),
        ]
    );
    assert_eq!(document.title, "Quarterly report");
}

#[test]
fn its_information_names_it() {
    let page = [shown(10, 50, 700, "Some text.")];
    let title =
        |title: &str| parse(&write_pdf(title, &page), Format::Pdf, "b.pdf", ParseLimits::default()).unwrap().title;
    assert_eq!(title("Named \\(well\\)"), "Named (well)");
    assert_eq!(title("Microsoft Word - final2.docx"), "b");
}

#[test]
fn what_is_no_pdf_is_refused() {
    let limits = ParseLimits::default();
    let whole = write_pdf("t", &[shown(10, 50, 700, "Some text.")]);
    assert_eq!(code(b"<html>not found</html>", Format::Pdf, limits), "document_not_readable");
    assert_eq!(code(b"%PDF-1.7\nnothing more", Format::Pdf, limits), "document_not_readable");
    assert_eq!(code(&whole[..60], Format::Pdf, limits), "document_not_readable");
    assert_eq!(code(&write_pdf("t", &[String::new()]), Format::Pdf, limits), "document_empty");
}

#[test]
fn a_damaged_file_never_brings_the_reader_down() {
    let whole = write_pdf("t", &[shown(10, 50, 700, "Some text."), shown(10, 50, 700, "More text.")]);
    for cut in (10..whole.len()).step_by(7) {
        let _ = parse(&whole[..cut], Format::Pdf, "a", ParseLimits::default());
        let mut damaged = whole.clone();
        damaged[cut] ^= 0x15;
        let _ = parse(&damaged, Format::Pdf, "a", ParseLimits::default());
    }
}

#[test]
fn pages_and_time_are_bounded() {
    let pages = vec![shown(10, 50, 700, "x"); 3];
    let limits = ParseLimits { max_pages: 2, ..ParseLimits::default() };
    assert_eq!(code(&write_pdf("", &pages), Format::Pdf, limits), "document_too_large");
    let endless = shown(10, 50, 700, "x").repeat(200_000);
    let limits = ParseLimits { deadline: Duration::from_millis(50), ..ParseLimits::default() };
    assert_eq!(code(&write_pdf("", &[endless]), Format::Pdf, limits), "document_too_complex");
    let long = shown(10, 50, 700, &"x".repeat(1000)).repeat(20);
    let limits = ParseLimits { max_text_chars: 10_000, ..ParseLimits::default() };
    assert_eq!(code(&write_pdf("", &[long]), Format::Pdf, limits), "document_too_large");
}
