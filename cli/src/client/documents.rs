//! Documents.

use std::{path::Path, time::Duration};

use reqwest::{
    Method,
    multipart::{Form, Part},
};
use serde::Deserialize;
use tokio::time::{Instant, sleep};
use uuid::Uuid;

use super::{Client, ClientError};

/// Between two looks at a document that is being indexed.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// A document, as far as the command line looks at it.
#[derive(Debug, Clone, Deserialize)]
pub struct Document {
    /// The document.
    pub document_id: Uuid,
    /// Its title.
    pub title: String,
    /// `pending`, `indexed` or `failed`.
    pub status: String,
    /// Passages that can be found.
    pub chunks: u64,
    /// How far its indexing has come, while it is indexed.
    pub progress: Option<Progress>,
    /// Why it failed.
    pub error: Option<Problem>,
}

/// How far the indexing of a document has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct Progress {
    /// Passages that are done.
    pub done: u64,
    /// Passages that there will be.
    pub total: u64,
}

/// Why a document cannot be indexed.
#[derive(Debug, Clone, Deserialize)]
pub struct Problem {
    /// Stable code.
    pub code: String,
    /// A sentence.
    pub message: String,
}

impl Client {
    /// Hands a file in, under a source name.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn upload(&self, path: &Path, source: &str) -> Result<Document, ClientError> {
        let unreadable = |error| ClientError::File { path: path.display().to_string(), source: error };
        let content = tokio::fs::read(path).await.map_err(unreadable)?;
        let form = Form::new()
            .text("source", source.to_owned())
            .part("file", Part::bytes(content).file_name(source.to_owned()));
        self.json(self.request(Method::POST, "/api/v1/knowledge/documents").multipart(form)).await
    }

    /// Waits until a document can be found, or cannot be read: for as long as its indexing comes on, and at most `deadline`
    /// without.
    ///
    /// # Errors
    /// [`ClientError`]; a document that failed is no error here.
    pub async fn indexed(&self, document: Uuid, deadline: Duration) -> Result<Document, ClientError> {
        self.watch_indexing(document, deadline, |_| ()).await
    }

    /// As [`Client::indexed`]; `tell` is told how far it has come.
    ///
    /// # Errors
    /// As [`Client::indexed`].
    pub async fn watch_indexing(
        &self,
        document: Uuid,
        deadline: Duration,
        tell: impl Fn(Progress),
    ) -> Result<Document, ClientError> {
        let mut until = Instant::now() + deadline;
        let mut known = None;
        let path = format!("/api/v1/knowledge/documents/{document}");
        loop {
            let document: Document = self.json(self.request(Method::GET, &path)).await?;
            if document.status != "pending" {
                return Ok(document);
            }
            if let Some(progress) = document.progress.filter(|progress| known != Some(*progress)) {
                until = Instant::now() + deadline;
                known = Some(progress);
                tell(progress);
            }
            if Instant::now() >= until {
                return Err(ClientError::Deadline("indexing"));
            }
            sleep(LOOK_AGAIN).await;
        }
    }
}
