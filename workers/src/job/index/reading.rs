//! A document that was read and split: what is to be embedded.

use std::ops::Range;

use bytes::Bytes;
use sba_store::{
    chunks::NewChunk,
    documents::{Document, Draft, Format, MAX_TITLE},
};
use sba_subjects::visible::visible;
use sha2::{Digest, Sha256};
use uuid::{Builder, Uuid};

use crate::{
    error::WorkError,
    ingest::{
        parse::{ParseError, Parsed},
        split::{Passage, SplitLimits, split},
    },
    job::Ingest,
};

/// A document on its way into the index. It holds the text once, and of each passage where it stands.
pub(super) struct Reading {
    pub(super) parsed: Parsed,
    pub(super) passages: Vec<Passage>,
    pub(super) draft: Draft,
}

impl Ingest {
    /// Reads and splits a document.
    pub(super) async fn read(
        &self,
        bytes: Bytes,
        document: &Document,
        content_sha256: [u8; 32],
    ) -> Result<Reading, WorkError> {
        let format = Format::of(&document.media_type, &document.source)
            .ok_or_else(|| ParseError::unsupported(&document.media_type, &document.source))?;
        let parsed = self.parser.parse(bytes, format, document.source.clone()).await?;
        let recipe = Recipe {
            split: self.split,
            embedder: self.embedder.name(),
            language: document.language.clone(),
            title: title(document, &parsed),
        };
        // Splitting a large document takes long enough to be done elsewhere.
        let split_up = move || {
            let passages = split(&parsed, recipe.split);
            (recipe.edition(&parsed), parsed, passages, recipe.title)
        };
        let (edition, parsed, passages, title) = tokio::task::spawn_blocking(split_up)
            .await
            .map_err(|error| WorkError::passing("worker_panicked", "splitting the document failed").caused_by(error))?;
        if passages.len() > self.max_passages {
            return Err(ParseError::TooLarge { what: "passages", limit: self.max_passages }.into());
        }
        let count = u32::try_from(passages.len()).unwrap_or(u32::MAX);
        let draft = Draft { document: document.id, content_sha256, edition, title, passages: count };
        Ok(Reading { parsed, passages, draft })
    }

    /// Embeds some of the passages.
    pub(super) async fn embed(&self, reading: &Reading, part: Range<usize>) -> Result<Vec<NewChunk>, WorkError> {
        let passages = &reading.passages[part];
        let inputs = passages.iter().map(|passage| passage.embedding_input(&reading.parsed)).collect();
        let vectors = self.embedder.embed(inputs).await?;
        Ok(passages.iter().zip(vectors).map(|(passage, vector)| chunk(&reading.parsed, passage, vector)).collect())
    }
}

/// What besides its text decides what the passages of a document are.
struct Recipe {
    split: SplitLimits,
    embedder: &'static str,
    language: String,
    title: String,
}

impl Recipe {
    /// The name of the edition that this makes of a document: whoever gets the same passages gets the same name.
    fn edition(&self, parsed: &Parsed) -> Uuid {
        let Self { split, embedder, language, title } = self;
        let split = format!("{split:?}");
        let mut hash = Sha256::new();
        for part in [split.as_str(), embedder, language, title, &parsed.title] {
            hash.update(part);
            hash.update([0]);
        }
        hash.update(&parsed.text);
        let digest: [u8; 32] = hash.finalize().into();
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&digest[..16]);
        Builder::from_custom_bytes(bytes).into_uuid()
    }
}

/// The document's title: what it calls itself, where nobody called it anything.
fn title(document: &Document, parsed: &Parsed) -> String {
    let own: String = parsed.title.trim().chars().take(MAX_TITLE).collect();
    let unnamed = document.title.is_empty() || nobody_named(&document.title, &document.source);
    if unnamed && !own.is_empty() { own } else { document.title.clone() }
}

/// Whether a title is only the last part of the source.
fn nobody_named(title: &str, source: &str) -> bool {
    source.rsplit('/').next().is_some_and(|last| visible(last) == title)
}

fn chunk(parsed: &Parsed, passage: &Passage, embedding: Vec<f32>) -> NewChunk {
    // Offsets are within the limit of a document's text, far below the limit of the type.
    let offset = |chars: usize| u32::try_from(chars).unwrap_or(u32::MAX);
    NewChunk {
        heading_path: passage.headings.to_vec(),
        text: passage.text(parsed).to_owned(),
        span: offset(passage.chars.start)..offset(passage.chars.end),
        embedding,
    }
}
