//! Blobs: the bytes of documents and artifacts, in a folder or in an S3-compatible store.
//!
//! A blob is written once, under a [`BlobKey`] that only this module can spell, so that nothing a client says
//! becomes part of a path. Every operation has a deadline and a limit of size.

mod error;
mod key;
mod old;
mod open;

use std::{future::Future, path::PathBuf, sync::Arc, time::Duration};

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream::BoxStream};
use object_store::{ObjectStore, ObjectStoreExt, PutPayload};
use tokio::time::timeout;

pub use error::BlobError;
pub use key::{BlobKey, BlobKind};
pub use open::{BlobOptions, S3Options};

/// Where blobs are kept.
#[derive(Debug, Clone)]
pub struct Blobs {
    store: Arc<dyn ObjectStore>,
    /// Where they are, unless they are in a bucket.
    folder: Option<PathBuf>,
    max_bytes: u64,
    deadline: Duration,
}

/// A blob that is being read.
pub struct BlobStream {
    /// How many bytes it has.
    pub bytes: u64,
    /// Its bytes, in pieces. Each piece has the deadline of one operation.
    pub body: BoxStream<'static, Result<Bytes, BlobError>>,
}

impl Blobs {
    /// Stores bytes under a key; the same key again replaces them.
    ///
    /// # Errors
    /// `blob_too_large`, `blob_store_full`, `blob_timeout` and the other kinds of [`BlobError`].
    pub async fn put(&self, key: &BlobKey, bytes: Bytes) -> Result<(), BlobError> {
        self.check_size(bytes.len() as u64)?;
        let path = key.path();
        self.within(self.store.put(&path, PutPayload::from_bytes(bytes))).await.map_err(no_bucket)?;
        Ok(())
    }

    /// Reads a whole blob.
    ///
    /// # Errors
    /// `blob_not_found`, `blob_too_large` when it is larger than this store would take, and the other kinds.
    pub async fn get(&self, key: &BlobKey) -> Result<Bytes, BlobError> {
        let found = self.within(self.store.get(&key.path())).await?;
        self.check_size(found.meta.size)?;
        self.within(found.bytes()).await
    }

    /// Reads a blob piece by piece.
    ///
    /// # Errors
    /// `blob_not_found` and the other kinds.
    pub async fn stream(&self, key: &BlobKey) -> Result<BlobStream, BlobError> {
        let found = self.within(self.store.get(&key.path())).await?;
        let bytes = found.meta.size;
        let deadline = self.deadline;
        let pieces = found.into_stream().map_err(BlobError::from);
        let body = futures::stream::try_unfold(pieces, move |mut pieces| async move {
            let next = timeout(deadline, pieces.try_next()).await.map_err(|_| BlobError::TimedOut(deadline))??;
            Ok(next.map(|piece| (piece, pieces)))
        });
        Ok(BlobStream { bytes, body: body.boxed() })
    }

    /// Deletes a blob. One that is not there is no error.
    ///
    /// # Errors
    /// The kinds of [`BlobError`] but `blob_not_found`.
    pub async fn delete(&self, key: &BlobKey) -> Result<(), BlobError> {
        match self.within(self.store.delete(&key.path())).await {
            Ok(()) | Err(BlobError::NotFound(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Whether the store answers, for readiness.
    ///
    /// # Errors
    /// Why it does not.
    pub async fn ping(&self) -> Result<(), BlobError> {
        match self.within(self.store.head(&key::probe())).await {
            Ok(_) | Err(BlobError::NotFound(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }

    const fn check_size(&self, bytes: u64) -> Result<(), BlobError> {
        if bytes > self.max_bytes { Err(BlobError::TooLarge { limit: self.max_bytes }) } else { Ok(()) }
    }

    async fn within<T>(&self, work: impl Future<Output = object_store::Result<T>>) -> Result<T, BlobError> {
        timeout(self.deadline, work).await.map_err(|_| BlobError::TimedOut(self.deadline))?.map_err(BlobError::from)
    }
}

/// What is not found by a write is not the blob but what should hold it.
fn no_bucket(error: BlobError) -> BlobError {
    match error {
        BlobError::NotFound(cause) => {
            BlobError::Configuration("its bucket does not exist".to_owned(), Some(Box::new(cause)))
        }
        other => other,
    }
}

#[cfg(test)]
mod tests;
