//! Indexes a document: its text and passages are replaced in one transaction.

use sba_service::config::Tries;
use sba_store::{
    chunks::NewChunk,
    documents::{self, Document, DocumentStatus, Indexed},
};
use sba_subjects::{job::IndexJob, visible::visible};

use super::{Ingest, Worker, guard, read::Typed};
use crate::{
    error::WorkError,
    ingest::{
        parse::{Format, ParseError, Parsed},
        split::{Passage, split},
    },
};

/// Handles one delivery. An error means that the document is not indexed; after one that is lasting its row says so.
pub(super) async fn handle(worker: &Worker, typed: &Typed, job: &IndexJob, tries: &Tries) -> Result<(), WorkError> {
    let Some(content) = from_hex(&job.content_sha256) else {
        return Err(WorkError::lasting("job_invalid", "the job's content hash is none"));
    };
    let deadline = tries.deadline;
    let done = guard::patiently(worker, || guard::within(deadline, index(worker, typed, job, &content))).await;
    match done {
        Ok(()) => Ok(()),
        Err(error) if error.is_tried_again(tries, typed.attempt) => Err(error),
        Err(error) => {
            tracing::warn!(
                code = error.code, error = error.chain(), document_id = %job.document_id, "a document was not indexed"
            );
            record(worker, typed, job, &content, &error).await?;
            error.exhausted()
        }
    }
}

/// Records that a document will not be indexed.
pub(super) async fn fail(worker: &Worker, typed: &Typed, job: &IndexJob, why: &WorkError) -> Result<(), WorkError> {
    match from_hex(&job.content_sha256) {
        Some(content) => record(worker, typed, job, &content, why).await,
        None => Ok(()),
    }
}

/// The same database that failed is to keep the failure: so it waits, like the work did.
async fn record(
    worker: &Worker,
    typed: &Typed,
    job: &IndexJob,
    content: &[u8; 32],
    why: &WorkError,
) -> Result<(), WorkError> {
    let failure = why.failure();
    let stored = async || {
        let mut tx = worker.store.begin(typed.job.tenant_id).await?;
        documents::fail(&mut tx, job.document_id, content, &failure).await?;
        Ok(tx.commit().await?)
    };
    guard::patiently(worker, stored).await
}

async fn index(worker: &Worker, typed: &Typed, job: &IndexJob, content: &[u8; 32]) -> Result<(), WorkError> {
    let mut tx = worker.store.begin(typed.job.tenant_id).await?;
    let document = documents::get(&mut tx, job.document_id).await?;
    // No connection is held while the document is worked on.
    drop(tx);
    let Some(document) = document.filter(|document| is_due(document, content)) else {
        tracing::debug!(document_id = %job.document_id, "the document is gone, changed or indexed already");
        return Ok(());
    };
    let bytes = worker.blobs.get(&document.blob).await?;
    let format = Format::of(&document.media_type, &document.source)
        .ok_or_else(|| ParseError::unsupported(&document.media_type, &document.source))?;
    let source = document.source.clone();
    let parsed = worker.ingest.parser.parse(bytes, format, document.source).await?;
    let (parsed, chunks) = worker.ingest.chunks(parsed).await?;
    let mut tx = worker.store.begin(typed.job.tenant_id).await?;
    if nobody_named(&document.title, &source) {
        documents::retitle(&mut tx, document.id, content, &parsed.title).await?;
    }
    let stored = documents::store_index(&mut tx, document.id, content, &parsed.text, &chunks).await?;
    tx.commit().await?;
    match stored {
        Indexed::Stored => tracing::info!(document_id = %document.id, chunks = chunks.len(), "a document was indexed"),
        Indexed::Superseded => tracing::info!(document_id = %document.id, "a document changed while it was indexed"),
    }
    Ok(())
}

/// Whether the document still has this content and has not been indexed with it.
fn is_due(document: &Document, content: &[u8; 32]) -> bool {
    document.content_sha256 == content && document.status != DocumentStatus::Indexed
}

/// Whether a title is only the last part of the source: then what the document calls itself is better.
fn nobody_named(title: &str, source: &str) -> bool {
    source.rsplit('/').next().is_some_and(|last| visible(last) == title)
}

impl Ingest {
    /// Splits and embeds. Splitting a large document takes long enough to be done elsewhere.
    async fn chunks(&self, parsed: Parsed) -> Result<(Parsed, Vec<NewChunk>), WorkError> {
        let limits = self.split;
        let split_up = move || {
            let passages = split(&parsed, limits);
            let inputs: Vec<String> = passages.iter().map(|passage| passage.embedding_input(&parsed)).collect();
            (parsed, passages, inputs)
        };
        let (parsed, passages, inputs) = tokio::task::spawn_blocking(split_up)
            .await
            .map_err(|error| WorkError::passing("worker_panicked", "splitting the document failed").caused_by(error))?;
        if passages.len() > self.max_passages {
            return Err(ParseError::TooLarge { what: "passages", limit: self.max_passages }.into());
        }
        let vectors = self.embedder.embed(inputs).await?;
        let chunks = passages.iter().zip(vectors).map(|(passage, vector)| chunk(&parsed, passage, vector)).collect();
        Ok((parsed, chunks))
    }
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

fn from_hex(text: &str) -> Option<[u8; 32]> {
    data_encoding::HEXLOWER.decode(text.as_bytes()).ok()?.try_into().ok()
}
