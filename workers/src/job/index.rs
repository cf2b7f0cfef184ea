//! Indexes a document.
//!
//! It is read and split ([`reading`]); its passages are embedded and stored batch by batch, and take the place of the old
//! ones once all are there. Whoever comes after one that was cut off reads it again, and goes on behind what is stored: so
//! a document of any size is indexed in the end. The deadline of a job holds for each part of this.

mod reading;

use std::{
    ops::Range,
    sync::atomic::{AtomicBool, Ordering},
};

use sba_service::config::Tries;
use sba_store::{
    documents::{self, Document, DocumentStatus, Indexed},
    starts,
};
use sba_subjects::{id::TenantId, job::IndexJob};

use self::reading::Reading;
use super::{Worker, guard, read::Typed};
use crate::error::{Again, WorkError};

/// Handles one delivery. An error means that the document is not indexed; after one that is lasting its row says so.
pub(super) async fn handle(worker: &Worker, typed: &Typed, job: &IndexJob, tries: &Tries) -> Result<(), WorkError> {
    let Some(content) = from_hex(&job.content_sha256) else {
        return Err(WorkError::lasting("job_invalid", "the job's content hash is none"));
    };
    let work = Indexing { worker, typed, job, tries, content, came_on: AtomicBool::new(false) };
    match work.run().await {
        Ok(()) => Ok(()),
        Err(error) if error.is_tried_again(tries, typed.attempt) => Err(error),
        // A try that came on is no try in vain, and there are only so many passages.
        Err(error) if error.again == Again::Counted && work.came_on.load(Ordering::Relaxed) => Err(error),
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

/// One try to index a document.
struct Indexing<'a> {
    worker: &'a Worker,
    typed: &'a Typed,
    job: &'a IndexJob,
    tries: &'a Tries,
    content: [u8; 32],
    /// Whether passages were stored.
    came_on: AtomicBool,
}

impl Indexing<'_> {
    async fn run(&self) -> Result<(), WorkError> {
        let Some(document) = self.part(|| self.due()).await? else {
            tracing::debug!(document_id = %self.job.document_id, "the document is gone, changed or indexed already");
            return Ok(());
        };
        let reading = self.part(|| self.read(&document)).await?;
        let indexed = match self.part(|| self.begin(&reading)).await? {
            Some(stored) => self.fill(&reading, stored).await?,
            None => Indexed::Superseded,
        };
        let (document_id, chunks) = (document.id, reading.draft.passages);
        match indexed {
            Indexed::Stored => tracing::info!(%document_id, chunks, "a document was indexed"),
            Indexed::Superseded => tracing::info!(%document_id, "a document changed while it was indexed"),
            // Somebody who splits differently works on the same document.
            Indexed::Incomplete => {
                let message = "passages of the document were taken away while it was indexed";
                return Err(WorkError::passing("index_incomplete", message));
            }
        }
        Ok(())
    }

    /// Does one part of the work, within the deadline; an outage is waited out.
    async fn part<T, F: Future<Output = Result<T, WorkError>>>(&self, work: impl Fn() -> F) -> Result<T, WorkError> {
        guard::patiently(self.worker, || guard::within(self.tries.deadline, work())).await
    }

    fn tenant(&self) -> TenantId {
        self.typed.job.tenant_id
    }

    /// The document, while it has this content and is not indexed with it.
    async fn due(&self) -> Result<Option<Document>, WorkError> {
        let mut tx = self.worker.store.begin(self.tenant()).await?;
        let document = documents::get(&mut tx, self.job.document_id).await?;
        Ok(document.filter(|document| {
            let same = document.content_sha256 == self.content
                && self.job.upload.is_none_or(|upload| upload == document.blob.id());
            same && document.status != DocumentStatus::Indexed
        }))
    }

    /// No connection is held while a document is read.
    async fn read(&self, document: &Document) -> Result<Reading, WorkError> {
        let bytes = self.worker.blobs.get(&document.blob).await?;
        self.worker.ingest.read(bytes, document, self.content).await
    }

    async fn begin(&self, reading: &Reading) -> Result<Option<u32>, WorkError> {
        let mut tx = self.worker.store.begin(self.tenant()).await?;
        let stored = documents::begin(&mut tx, &reading.draft).await?;
        tx.commit().await?;
        if let Some(stored) = stored.filter(|stored| *stored > 0) {
            let (document_id, of) = (self.job.document_id, reading.draft.passages);
            tracing::info!(%document_id, stored, of, "the indexing of a document goes on");
        }
        Ok(stored)
    }

    /// Embeds and stores what is not stored yet, and publishes the whole.
    async fn fill(&self, reading: &Reading, stored: u32) -> Result<Indexed, WorkError> {
        let all = reading.passages.len();
        let batch = self.worker.ingest.batch.max(1);
        let mut next = usize::try_from(stored).unwrap_or(all).min(all);
        while next < all {
            let part = next..all.min(next.saturating_add(batch));
            next = part.end;
            if self.part(|| self.add(reading, part.clone())).await? == Indexed::Superseded {
                return Ok(Indexed::Superseded);
            }
            self.came_on.store(true, Ordering::Relaxed);
        }
        self.part(|| self.publish(reading)).await
    }

    async fn add(&self, reading: &Reading, part: Range<usize>) -> Result<Indexed, WorkError> {
        let first = u32::try_from(part.start).unwrap_or(u32::MAX);
        let passages = self.worker.ingest.embed(reading, part).await?;
        let mut tx = self.worker.store.begin(self.tenant()).await?;
        let added = documents::add(&mut tx, &reading.draft, first, &passages).await?;
        if self.typed.attempt > self.tries.deliveries {
            // What comes on does not take its worker with it.
            starts::forget(&mut tx, self.typed.job.id).await?;
        }
        tx.commit().await?;
        Ok(added)
    }

    async fn publish(&self, reading: &Reading) -> Result<Indexed, WorkError> {
        let mut tx = self.worker.store.begin(self.tenant()).await?;
        let published = documents::publish(&mut tx, &reading.draft, &reading.parsed.text).await?;
        tx.commit().await?;
        Ok(published)
    }
}

fn from_hex(text: &str) -> Option<[u8; 32]> {
    data_encoding::HEXLOWER.decode(text.as_bytes()).ok()?.try_into().ok()
}
