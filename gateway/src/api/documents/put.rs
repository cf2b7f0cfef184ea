//! `POST /api/v1/knowledge/documents`: hand a document in.

use axum::{
    extract::{Request, State},
    http::{StatusCode, header},
    response::IntoResponse,
};
use sba_service::publish::PublishFailure;
use sba_store::{
    StoreError, TenantTx,
    audit::Actor,
    blob::{BlobError, BlobKey},
    documents::{self, Document, DocumentStatus, NewDocument, Put},
    language::Language,
};
use sba_subjects::{id::DocumentId, job::IndexJob};
use serde::Serialize;
use sha2::{Digest, Sha256};
use tracing::warn;
use utoipa::ToSchema;

use super::{
    upload::{DocumentForm, DocumentText, Upload},
    view::DocumentView,
};
use crate::{
    api::{
        idempotency::{ClaimError, Claimed, Key, KeyHeader, claim},
        times,
    },
    app::App,
    auth::Principal,
    error::ApiError,
    extract::Json,
    http::RequestId,
};

/// Name under which keys of this endpoint are kept.
const ENDPOINT: &str = "POST /api/v1/knowledge/documents";

/// What handing a document in did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Change {
    /// Its source is new.
    Created,
    /// Its source was known with other content.
    Replaced,
    /// The same content was known under this source.
    Unchanged,
}

/// A document that was taken.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Taken {
    #[serde(flatten)]
    document: DocumentView,
    /// What handing it in did.
    change: Change,
}

/// Why a document was not taken.
#[derive(Debug, thiserror::Error)]
enum PutError {
    #[error("the document's bytes were not stored")]
    Blob(#[from] BlobError),
    #[error("the document was not stored")]
    Store(#[from] StoreError),
    #[error("the document was stored and its indexing was not queued")]
    Queue(#[from] PublishFailure),
    #[error(transparent)]
    Key(#[from] ClaimError),
    #[error("the document was deleted since it was handed in")]
    Gone,
}

impl From<PutError> for ApiError {
    fn from(error: PutError) -> Self {
        match error {
            PutError::Blob(error) => error.into(),
            PutError::Store(error) => error.into(),
            PutError::Queue(error) => error.into(),
            PutError::Key(error) => error.into(),
            PutError::Gone => Self::not_found("document"),
        }
    }
}

/// Hand a document in
///
/// Markdown, plain text, HTML or PDF; a file in a form, or text in JSON. A tenant has one document for each source: the
/// same content again changes nothing, other content takes the place of the old. The answer comes before the document
/// can be found: its status tells.
#[utoipa::path(
    post, path = "/api/v1/knowledge/documents", tag = "knowledge",
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes it safe to send the request again")),
    request_body(content((DocumentText = "application/json"), (DocumentForm = "multipart/form-data"))),
    responses(
        (status = 202, description = "The document is stored, and indexed soon", body = Taken),
        (status = 400, description = "`invalid_request`, `validation_failed`", body = crate::error::ErrorBody),
        (status = 403, description = "`forbidden`", body = crate::error::ErrorBody),
        (status = 409, description = "`idempotency_conflict`", body = crate::error::ErrorBody),
        (status = 413, description = "`payload_too_large`", body = crate::error::ErrorBody),
        (status = 415, description = "`unsupported_media_type`", body = crate::error::ErrorBody),
        (status = 503, description = "`storage_full`, `unavailable`, `overloaded`", body = crate::error::ErrorBody),
    ),
)]
pub(crate) async fn put_document(
    State(app): State<App>,
    principal: Principal,
    RequestId(request_id): RequestId,
    key: KeyHeader,
    request: Request,
) -> Result<impl IntoResponse, ApiError> {
    // An upload is kept in memory, so both are taken before it is read: no tenant fills all places with slow ones.
    let (_share, _place) = (app.uploads.share(Some(principal.tenant))?, app.uploads.place()?);
    let mut upload = Upload::read(request, app.config.knowledge.max_document_bytes).await?;
    let actor = Actor { user_id: Some(principal.user), request_id: Some(request_id) };
    let sha256: [u8; 32] = Sha256::digest(&upload.content).into();
    let said = upload.idempotency_key.take();
    let key = key.of(ENDPOINT, said, &(&upload.title, &upload.source, upload.format.media_type(), sha256))?;
    let taken = store(&app, &principal, upload, sha256, key.as_ref(), &actor).await?;
    let location = [(header::LOCATION, format!("/api/v1/knowledge/documents/{}", taken.0.id))];
    Ok((StatusCode::ACCEPTED, location, Json(Taken { document: taken.0.into(), change: taken.1 })))
}

async fn store(
    app: &App,
    principal: &Principal,
    upload: Upload,
    sha256: [u8; 32],
    key: Option<&Key>,
    actor: &Actor,
) -> Result<(Document, Change), PutError> {
    let id = DocumentId::from_uuid(principal.key.derive("document", &upload.source));
    let blob = BlobKey::document(principal.tenant, app.ids.uuid(), sha256);
    let document = NewDocument {
        id,
        title: upload.title,
        source: upload.source,
        media_type: upload.format.media_type().to_owned(),
        language: app.config.knowledge.language.parse().unwrap_or(Language::SIMPLE),
        content_sha256: sha256,
        bytes: upload.content.len() as u64,
        blob,
    };
    // Before the row: a document that can be seen can be read.
    app.blobs.put(&blob, upload.content).await?;

    let (tx, put, stored) = match note(app, principal, &document, key, actor).await {
        Ok(noted) => noted,
        Err(error) => {
            // Nothing was committed, so no row names these bytes.
            forget(app, &blob).await;
            return Err(error);
        }
    };
    // Where it is not known whether this succeeded, the bytes stay.
    tx.commit().await?;
    if stored.blob != blob {
        forget(app, &blob).await;
    }

    if stored.status == DocumentStatus::Pending {
        queue(app, principal, &stored).await?;
    }
    let change = match put {
        Put::Created(_) => Change::Created,
        Put::Unchanged { .. } => Change::Unchanged,
        Put::Replaced { stale, .. } => {
            if let Some(stale) = stale {
                forget(app, &stale).await;
            }
            Change::Replaced
        }
    };
    Ok((stored, change))
}

/// Stores the row, and what the key stands for; the caller commits.
async fn note(
    app: &App,
    principal: &Principal,
    document: &NewDocument,
    key: Option<&Key>,
    actor: &Actor,
) -> Result<(TenantTx, Put, Document), PutError> {
    let mut tx = app.store.begin(principal.tenant).await?;
    // A request that is sent again changes nothing: another may have replaced or deleted the document since.
    let put = match claim(app, &mut tx, key, document.id.as_uuid(), app.clock.now()).await? {
        Claimed::New => documents::put(&mut tx, document, actor).await?,
        Claimed::Before(_) => {
            let stored = documents::get(&mut tx, document.id).await?.ok_or(PutError::Gone)?;
            Put::Unchanged { id: stored.id, status: stored.status }
        }
    };
    let stored = documents::get(&mut tx, put.id()).await?.ok_or(PutError::Gone)?;
    Ok((tx, put, stored))
}

/// Gives the document to the workers that index. One that waits there already is not queued twice.
pub(super) async fn queue(app: &App, principal: &Principal, document: &Document) -> Result<(), PublishFailure> {
    let job = IndexJob::new(document.id, &document.content_sha256, document.blob.id());
    let (subject, job) = job.given(&principal.key, principal.user, times::to_millis(app.clock.now()));
    let deadline = app.config.nats.request_timeout_ms.duration();
    app.shares.publish_once(subject, &job, deadline).await.map(drop)
}

/// Deletes the bytes of an upload that no row names any more. What stays behind takes room and does no harm.
pub(super) async fn forget(app: &App, blob: &BlobKey) {
    if let Err(error) = app.blobs.delete(blob).await {
        let error: &dyn std::error::Error = &error;
        warn!(%blob, error, "bytes that nothing names any more were not deleted");
    }
}
