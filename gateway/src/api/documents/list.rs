//! `GET /api/v1/knowledge/documents`: the tenant's documents, the newest first.

use axum::extract::State;
use sba_store::documents::{self, DocumentStatus};
use serde::Deserialize;
use utoipa::IntoParams;

use super::view::DocumentView;
use crate::{
    api::page::Paged,
    app::App,
    auth::Principal,
    error::ApiError,
    extract::{Json, List, PageQuery},
};

/// Which documents are asked for.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct DocumentQuery {
    /// Only documents of this status: `pending`, `indexed` or `failed`.
    #[param(example = "failed")]
    status: Option<String>,
}

/// List documents
#[utoipa::path(
    get, path = "/api/v1/knowledge/documents", tag = "knowledge",
    params(PageQuery, DocumentQuery),
    responses(
        (status = 200, description = "One page, the newest first", body = Paged<DocumentView>),
        (status = 400, description = "`invalid_request`, `validation_failed`", body = crate::error::ErrorBody),
        (status = 503, description = "`unavailable`", body = crate::error::ErrorBody),
    ),
)]
pub(crate) async fn list_documents(
    State(app): State<App>,
    principal: Principal,
    List { page, only }: List<DocumentQuery>,
) -> Result<Json<Paged<DocumentView>>, ApiError> {
    let status = only.status.map(|status| status.parse::<DocumentStatus>()).transpose();
    let status = status.map_err(|error| ApiError::invalid_field("status", error.to_string()))?;
    let mut tx = app.store.begin(principal.tenant).await?;
    let listed = documents::list(&mut tx, status, page).await?;
    Ok(Json(Paged::of(listed, DocumentView::from)))
}
