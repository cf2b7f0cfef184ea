//! `GET /api/v1/knowledge/documents/{document_id}`: see a document.

use axum::extract::State;
use sba_store::documents;
use sba_subjects::id::DocumentId;
use uuid::Uuid;

use super::view::DocumentView;
use crate::{
    app::App,
    auth::{Action, Principal},
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
    principal.may(Action::ReadKnowledge)?;
    let mut tx = app.store.begin(principal.tenant).await?;
    let found = documents::get(&mut tx, DocumentId::from_uuid(document)).await?;
    found.map(|document| Json(document.into())).ok_or_else(|| ApiError::not_found("document"))
}
