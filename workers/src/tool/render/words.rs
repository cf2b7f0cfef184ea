//! The fixed words of a document, by language.

/// The words that SBA itself writes into a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Words {
    /// The language as a BCP 47 tag.
    pub(super) lang: &'static str,
    /// Before the question.
    pub(super) question: &'static str,
    /// Heading of the list of sources.
    pub(super) sources: &'static str,
    /// In place of the list when there is none.
    pub(super) none: &'static str,
    /// Title of a document that has none.
    pub(super) untitled: &'static str,
}

const ENGLISH: Words = Words {
    lang: "en",
    question: "Question",
    sources: "Sources",
    none: "No passage of the documents supports this text.",
    untitled: "Untitled",
};

const OTHERS: &[Words] = &[
    Words {
        lang: "id",
        question: "Pertanyaan",
        sources: "Sumber",
        none: "Tidak ada bagian dokumen yang mendukung teks ini.",
        untitled: "Tanpa judul",
    },
    Words {
        lang: "de",
        question: "Frage",
        sources: "Quellen",
        none: "Keine Stelle der Dokumente belegt diesen Text.",
        untitled: "Ohne Titel",
    },
];

impl Words {
    /// The words for a BCP 47 tag; English where there are no others.
    pub(super) fn of(locale: Option<&str>) -> Self {
        let primary = locale.unwrap_or_default().split(['-', '_']).next().unwrap_or_default().to_ascii_lowercase();
        OTHERS.iter().find(|words| words.lang == primary).copied().unwrap_or(ENGLISH)
    }
}
