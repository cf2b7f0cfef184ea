//! The fixed words of a document, by language.

use sba_subjects::tool::Gap;

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
    /// In a section whose text the model's provider kept back.
    pub(super) withheld: &'static str,
    /// In a section of which the model wrote nothing.
    pub(super) unwritten: &'static str,
    /// In a section of which something that the model made up was left out.
    pub(super) made_up: &'static str,
}

const ENGLISH: Words = Words {
    lang: "en",
    question: "Question",
    sources: "Sources",
    none: "No passage of the documents supports this text.",
    untitled: "Untitled",
    withheld: "The model's provider kept text back here.",
    unwritten: "The model wrote nothing here.",
    made_up: "Left out here: what the model wrote and the passages do not say.",
};

const OTHERS: &[Words] = &[
    Words {
        lang: "id",
        question: "Pertanyaan",
        sources: "Sumber",
        none: "Tidak ada bagian dokumen yang mendukung teks ini.",
        untitled: "Tanpa judul",
        withheld: "Penyedia model menahan teks di sini.",
        unwritten: "Model tidak menulis apa pun di sini.",
        made_up: "Dihilangkan di sini: yang ditulis model tetapi tidak dikatakan oleh sumber.",
    },
    Words {
        lang: "de",
        question: "Frage",
        sources: "Quellen",
        none: "Keine Stelle der Dokumente belegt diesen Text.",
        untitled: "Ohne Titel",
        withheld: "Der Anbieter des Modells hat hier Text zurückgehalten.",
        unwritten: "Das Modell hat hier nichts geschrieben.",
        made_up: "Hier fehlt, was das Modell schrieb und die Stellen nicht sagen.",
    },
];

impl Words {
    /// What the reader is told of a text that is not whole.
    pub(super) const fn gap(&self, gap: Gap) -> &'static str {
        match gap {
            Gap::Withheld => self.withheld,
            Gap::Unwritten => self.unwritten,
            Gap::MadeUp => self.made_up,
        }
    }

    /// The words for a BCP 47 tag; English where there are no others.
    pub(super) fn of(locale: Option<&str>) -> Self {
        let primary = locale.unwrap_or_default().split(['-', '_']).next().unwrap_or_default().to_ascii_lowercase();
        OTHERS.iter().find(|words| words.lang == primary).copied().unwrap_or(ENGLISH)
    }
}
