//! `[knowledge]`

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Millis, findings::Findings};

/// Most passages that a search gives.
pub const MAX_TOP_K: u32 = 50;

/// Most characters that all passages of a look-up may have together: its result is one message.
const MAX_RESULT_CHARS: usize = 150_000;

/// The languages that every Postgres has rules for.
#[rustfmt::skip]
pub const LANGUAGES: [&str; 29] = [
    "simple", "arabic", "armenian", "basque", "catalan", "danish", "dutch", "english", "finnish", "french", "german",
    "greek", "hindi", "hungarian", "indonesian", "irish", "italian", "lithuanian", "nepali", "norwegian", "portuguese",
    "romanian", "russian", "serbian", "spanish", "swedish", "tamil", "turkish", "yiddish",
];

/// How documents are taken in and found again.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct KnowledgeConfig {
    /// What turns text into vectors. Changing it means indexing every document again.
    pub embedder: Embedder,
    /// Folder of the embedding model: `config.json`, `tokenizer.json`, `model.safetensors`. Needed for `minilm`.
    pub embedding_model: Option<PathBuf>,
    /// Threads that embed. Unset: one for each processor.
    pub embed_threads: Option<usize>,
    /// Batches that wait for these threads before whoever brings another must wait.
    pub embed_queue: usize,
    /// Largest document, in bytes.
    pub max_document_bytes: u64,
    /// Most characters of text that are taken from one document.
    pub max_text_chars: usize,
    /// Most passages of one document.
    pub max_chunks: usize,
    /// Passages that are embedded and stored at a time: what is done again where a worker dies over a document.
    pub index_batch: usize,
    /// Longest time for parsing one document, in milliseconds.
    pub parse_timeout_ms: Millis,
    /// Length of a passage to aim for, in characters.
    pub chunk_chars: usize,
    /// Characters that neighbouring passages share.
    pub chunk_overlap_chars: usize,
    /// Passages that a lookup gives when the caller names no number.
    pub top_k: u32,
    /// Most passages that a lookup gives.
    pub max_top_k: u32,
    /// Language of full-text search, as Postgres names it, e.g. `english` or `simple`.
    pub language: String,
}

/// What turns text into vectors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Embedder {
    /// all-MiniLM-L6-v2, in this process.
    Minilm,
    /// Hashed words: fast and without meaning, for load tests.
    Hashed,
}

impl Default for KnowledgeConfig {
    fn default() -> Self {
        Self {
            embedder: Embedder::Minilm,
            embedding_model: None,
            embed_threads: None,
            embed_queue: 64,
            max_document_bytes: 32 << 20,
            max_text_chars: 24_000_000,
            max_chunks: 50_000,
            index_batch: 128,
            parse_timeout_ms: Millis::new(60_000),
            chunk_chars: 900,
            chunk_overlap_chars: 120,
            top_k: 6,
            max_top_k: 50,
            language: "english".to_owned(),
        }
    }
}

impl KnowledgeConfig {
    pub(super) fn check(&self, mut to: Findings<'_>) {
        if let Some(folder) = &self.embedding_model {
            let weights = folder.join("model.safetensors");
            to.file("embedding_model", Some(&weights));
        }
        to.range("embed_threads", self.embed_threads.unwrap_or(1), 1..=1_024);
        to.range("embed_queue", self.embed_queue, 1..=65_536);
        to.range("max_document_bytes", self.max_document_bytes, 1_024..=1 << 30);
        to.range("max_text_chars", self.max_text_chars, 1_024..=100_000_000);
        to.range("max_chunks", self.max_chunks, 1..=1_000_000);
        to.range("index_batch", self.index_batch, 1..=4_096);
        to.range("parse_timeout_ms", self.parse_timeout_ms.get(), 100..=3_600_000);
        to.range("chunk_chars", self.chunk_chars, 100..=10_000);
        let overlap = self.chunk_overlap_chars * 2 <= self.chunk_chars;
        to.require("chunk_overlap_chars", overlap, "is more than half of chunk_chars");
        to.range("max_top_k", self.max_top_k, 1..=MAX_TOP_K);
        let characters = self.chunk_chars.saturating_mul(self.max_top_k as usize);
        let fits = characters <= MAX_RESULT_CHARS;
        let problem = format!("times chunk_chars is {characters} characters; a result holds {MAX_RESULT_CHARS}");
        to.require("max_top_k", fits, &problem);
        to.range("top_k", self.top_k, 1..=self.max_top_k.max(1));
        let known = LANGUAGES.contains(&self.language.as_str());
        to.require("language", known, &format!("is {:?}, expected one of {}", self.language, LANGUAGES.join(", ")));
    }
}
