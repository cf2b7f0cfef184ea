//! `[knowledge]`

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Millis, findings::Findings};

/// How documents are taken in and found again.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct KnowledgeConfig {
    /// What turns text into vectors. Changing it means indexing every document again.
    pub embedder: Embedder,
    /// Folder of the embedding model: `config.json`, `tokenizer.json`, `model.safetensors`. Needed for `minilm`.
    pub embedding_model: Option<PathBuf>,
    /// Texts that are embedded together.
    pub embed_batch: usize,
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
    /// Passages that full text and vectors each propose before they are fused.
    pub candidates: u32,
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
            embed_batch: 16,
            embed_threads: None,
            embed_queue: 64,
            max_document_bytes: 32 << 20,
            max_text_chars: 4_000_000,
            max_chunks: 10_000,
            parse_timeout_ms: Millis::new(60_000),
            chunk_chars: 900,
            chunk_overlap_chars: 120,
            top_k: 6,
            max_top_k: 50,
            candidates: 40,
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
        to.range("embed_batch", self.embed_batch, 1..=1_024);
        to.range("embed_threads", self.embed_threads.unwrap_or(1), 1..=1_024);
        to.range("embed_queue", self.embed_queue, 1..=65_536);
        to.range("max_document_bytes", self.max_document_bytes, 1_024..=1 << 30);
        to.range("max_text_chars", self.max_text_chars, 1_024..=100_000_000);
        to.range("max_chunks", self.max_chunks, 1..=1_000_000);
        to.range("parse_timeout_ms", self.parse_timeout_ms.get(), 100..=3_600_000);
        to.range("chunk_chars", self.chunk_chars, 100..=10_000);
        let overlap = self.chunk_overlap_chars * 2 <= self.chunk_chars;
        to.require("chunk_overlap_chars", overlap, "is more than half of chunk_chars");
        to.range("max_top_k", self.max_top_k, 1..=1_000);
        to.range("top_k", self.top_k, 1..=self.max_top_k.max(1));
        to.range("candidates", self.candidates, 1..=10_000);
        let enough = self.candidates >= self.top_k;
        to.require("candidates", enough, "is fewer than top_k");
        // The name becomes a value of Postgres' regconfig type.
        let name = |c: char| c.is_ascii_lowercase() || c == '_';
        let plain = !self.language.is_empty() && self.language.chars().all(name);
        to.require("language", plain, "expected lower-case letters such as english");
    }
}
