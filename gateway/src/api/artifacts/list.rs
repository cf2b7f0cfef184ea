//! `GET /api/v1/artifacts`: what the tenant's runs made, the newest first.

use axum::extract::State;
use sba_store::artifacts;
use sba_subjects::id::RunId;
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;

use super::view::ArtifactView;
use crate::{
    api::page::Paged,
    app::App,
    auth::Principal,
    error::ApiError,
    extract::{Json, List, PageQuery},
};

/// Which artifacts are asked for.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ArtifactQuery {
    /// Only what this run made.
    run_id: Option<Uuid>,
}

/// List artifacts
#[utoipa::path(
    get, path = "/api/v1/artifacts", tag = "artifacts",
    params(PageQuery, ArtifactQuery),
    responses(
        (status = 200, description = "One page, the newest first", body = Paged<ArtifactView>),
        (status = 400, description = "`invalid_request`, `validation_failed`", body = crate::error::ErrorBody),
        (status = 503, description = "`unavailable`", body = crate::error::ErrorBody),
    ),
)]
pub(crate) async fn list_artifacts(
    State(app): State<App>,
    principal: Principal,
    List { page, only }: List<ArtifactQuery>,
) -> Result<Json<Paged<ArtifactView>>, ApiError> {
    let mut tx = app.store.begin(principal.tenant).await?;
    let listed = artifacts::list(&mut tx, only.run_id.map(RunId::from_uuid), page).await?;
    Ok(Json(Paged::of(listed, ArtifactView::from)))
}
