//! `DELETE /api/v1/knowledge/documents/{document_id}`: take a document out.

use axum::{extract::State, http::StatusCode};
use sba_store::{audit::Actor, documents};
use sba_subjects::id::DocumentId;
use uuid::Uuid;

use super::put::forget;
use crate::{app::App, auth::Principal, error::ApiError, extract::Path, http::RequestId};

/// Delete a document
///
/// It is gone from the next answer on. Documents that runs made of it before keep their quotes.
#[utoipa::path(
    delete, path = "/api/v1/knowledge/documents/{document_id}", tag = "knowledge",
    params(("document_id" = Uuid, Path, description = "The document")),
    responses(
        (status = 204, description = "The document is gone"),
        (status = 403, description = "`forbidden`", body = crate::error::ErrorBody),
        (status = 404, description = "`not_found`", body = crate::error::ErrorBody),
        (status = 503, description = "`unavailable`", body = crate::error::ErrorBody),
    ),
)]
pub(crate) async fn delete_document(
    State(app): State<App>,
    principal: Principal,
    RequestId(request_id): RequestId,
    Path(document): Path<Uuid>,
) -> Result<StatusCode, ApiError> {
    let actor = Actor { user_id: Some(principal.user), request_id: Some(request_id) };
    let mut tx = app.store.begin(principal.tenant).await?;
    let document = DocumentId::from_uuid(document);
    let deleted = documents::delete(&mut tx, document, &actor).await?;
    let blob = deleted.ok_or_else(|| ApiError::not_found("document"))?;
    tx.commit().await?;
    forget(&app, &blob).await;
    Ok(StatusCode::NO_CONTENT)
}
