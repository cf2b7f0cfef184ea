//! PDF: glyphs with positions become lines, lines become paragraphs and headings.

mod glyphs;
mod layout;

use std::panic::{self, AssertUnwindSafe};

use hayro_interpret::{
    Context, InterpreterCache, InterpreterSettings,
    hayro_syntax::{DecryptionError, LoadPdfError, Pdf},
    interpret_page,
    kurbo::{Affine, Rect},
};

use self::{
    glyphs::{Collector, Stopped},
    layout::Line,
};
use super::{Budget, ParseError, Parsed, builder::TextBuilder};

/// How far into a file its header may stand.
const HEADER_PROBE: usize = 1024;

const UNREADABLE: ParseError = ParseError::NotReadable { format: "PDF", reason: "it is damaged or no PDF" };

pub(super) fn parse(bytes: &[u8], budget: &Budget) -> Result<Parsed, ParseError> {
    let head = &bytes[..bytes.len().min(HEADER_PROBE)];
    if !head.windows(5).any(|window| window == b"%PDF-") {
        return Err(ParseError::NotReadable { format: "PDF", reason: "it does not begin like one" });
    }
    let lines = guarded(|| read_lines(bytes, budget))?;
    let mut builder = TextBuilder::new(budget);
    layout::assemble(&lines.pages, &mut builder)?;
    builder.finish(lines.title)
}

struct Lines {
    title: Option<String>,
    pages: Vec<Vec<Line>>,
}

fn read_lines(bytes: &[u8], budget: &Budget) -> Result<Lines, ParseError> {
    let pdf = Pdf::new(bytes.to_vec()).map_err(|error| match error {
        LoadPdfError::Decryption(DecryptionError::PasswordProtected) => ParseError::Encrypted,
        LoadPdfError::Decryption(_) | LoadPdfError::Invalid => UNREADABLE,
    })?;
    let pages = pdf.pages();
    if pages.len() > budget.limits.max_pages {
        return Err(ParseError::TooLarge { what: "pages", limit: budget.limits.max_pages });
    }
    if pages.is_empty() {
        return Err(UNREADABLE);
    }
    let mut collector = Collector::new(budget);
    let mut read = Vec::with_capacity(pages.len());
    let cache = InterpreterCache::new();
    for page in pages.iter() {
        budget.check_time()?;
        let settings = InterpreterSettings::default();
        let bounds = Rect::new(0.0, 0.0, 1.0, 1.0);
        let mut context = Context::new(Affine::IDENTITY, bounds, &cache, pdf.xref(), settings);
        interpret_page(page, &mut context, &mut collector);
        read.push(collector.take_page());
    }
    let title = pdf.metadata().title.as_deref().and_then(info_text);
    Ok(Lines { title, pages: read })
}

/// Runs what reads the PDF. The interpreter cannot be told to stop, so the collector unwinds through it; what
/// panics in it is told apart from that.
fn guarded<T>(read: impl FnOnce() -> Result<T, ParseError>) -> Result<T, ParseError> {
    match panic::catch_unwind(AssertUnwindSafe(read)) {
        Ok(outcome) => outcome,
        Err(payload) => match payload.downcast::<Stopped>() {
            Ok(stopped) => Err(stopped.0),
            Err(_) => Err(UNREADABLE),
        },
    }
}

/// A text string of the information dictionary: UTF-16 or UTF-8 with a mark, else taken as Latin-1.
fn info_text(bytes: &[u8]) -> Option<String> {
    let text = match bytes {
        [0xfe, 0xff, rest @ ..] => encoding_rs::UTF_16BE.decode_without_bom_handling(rest).0.into_owned(),
        [0xff, 0xfe, rest @ ..] => encoding_rs::UTF_16LE.decode_without_bom_handling(rest).0.into_owned(),
        [0xef, 0xbb, 0xbf, rest @ ..] => String::from_utf8_lossy(rest).into_owned(),
        _ => encoding_rs::WINDOWS_1252.decode_without_bom_handling(bytes).0.into_owned(),
    };
    // Word processors put the name of the source file there.
    let file = text.trim_end().to_ascii_lowercase();
    let is_name = ["untitled", "microsoft word"].iter().any(|start| file.starts_with(start))
        || [".doc", ".docx", ".odt", ".tex", ".dvi", ".indd"].iter().any(|end| file.ends_with(end));
    (!is_name).then_some(text)
}
