//! `GET /api/v1/knowledge/documents/{document_id}`: see a document.

use std::time::Duration;

use axum::extract::State;
use sba_store::documents::{self, Document, DocumentStatus};
use sba_subjects::id::DocumentId;
use time::OffsetDateTime;
use tracing::warn;
use uuid::Uuid;

use super::{put::queue, view::DocumentView};
use crate::{
    app::App,
    auth::Principal,
    error::ApiError,
    extract::{Json, Path},
};

/// See a document
#[utoipa::path(
    get, path = "/api/v1/knowledge/documents/{document_id}", tag = "knowledge",
    params(("document_id" = Uuid, Path, description = "The document")),
    responses(
        (status = 200, description = "The document, without its content", body = DocumentView),
        (status = 404, description = "`not_found`", body = crate::error::ErrorBody),
        (status = 503, description = "`unavailable`", body = crate::error::ErrorBody),
    ),
)]
pub(crate) async fn get_document(
    State(app): State<App>,
    principal: Principal,
    Path(document): Path<Uuid>,
) -> Result<Json<DocumentView>, ApiError> {
    let mut tx = app.store.begin(principal.tenant).await?;
    let found = documents::get(&mut tx, DocumentId::from_uuid(document)).await?;
    drop(tx);
    let document = found.ok_or_else(|| ApiError::not_found("document"))?;
    if is_forgotten(&document, app.clock.now())
        && let Err(error) = queue(&app, &principal, &document).await
    {
        let error: &dyn std::error::Error = &error;
        warn!(document_id = %document.id, error, "a document that waits to be indexed could not be queued again");
    }
    Ok(Json(document.into()))
}

/// Time after which a document that still waits is queued once more, in case it never was. One that stands in the queue is
/// refused there.
const OVERDUE: Duration = Duration::from_secs(60);

fn is_forgotten(document: &Document, now: OffsetDateTime) -> bool {
    document.status == DocumentStatus::Pending && now - document.updated_at >= OVERDUE
}
