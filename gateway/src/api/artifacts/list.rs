//! `GET /api/v1/artifacts`: what the tenant's runs made, the newest first.

use axum::extract::State;
use sba_store::artifacts;
use sba_subjects::id::RunId;
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;

use super::view::ArtifactView;
use crate::{
    api::page::{PageQuery, Paged},
    app::App,
    auth::{Action, Principal},
    error::ApiError,
    extract::{Json, Query},
};

/// Which artifacts are asked for.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ArtifactQuery {
    /// Number of the page, from 1.
    #[param(minimum = 1, example = 1)]
    page: Option<u32>,
    /// Most entries on a page.
    #[param(minimum = 1, maximum = 100, example = 20)]
    limit: Option<u32>,
    /// Only what this run made.
    run_id: Option<Uuid>,
}

/// List artifacts
#[utoipa::path(
    get, path = "/api/v1/artifacts", tag = "artifacts",
    params(ArtifactQuery),
    responses(
        (status = 200, description = "One page, the newest first", body = Paged<ArtifactView>),
        (status = 400, description = "`invalid_request`, `validation_failed`", body = crate::error::ErrorBody),
        (status = 503, description = "`unavailable`", body = crate::error::ErrorBody),
    ),
)]
pub(crate) async fn list_artifacts(
    State(app): State<App>,
    principal: Principal,
    Query(query): Query<ArtifactQuery>,
) -> Result<Json<Paged<ArtifactView>>, ApiError> {
    principal.may(Action::ReadRuns)?;
    let page = PageQuery { page: query.page, limit: query.limit }.checked(app.config.gateway.max_page_size)?;
    let mut tx = app.store.begin(principal.tenant).await?;
    let listed = artifacts::list(&mut tx, query.run_id.map(RunId::from_uuid), page).await?;
    Ok(Json(Paged::of(listed, ArtifactView::from)))
}
