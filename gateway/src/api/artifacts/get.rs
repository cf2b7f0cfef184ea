//! `GET /api/v1/artifacts/{artifact_id}`: see an artifact.

use axum::extract::State;
use sba_store::artifacts;
use sba_subjects::id::ArtifactId;
use uuid::Uuid;

use super::view::ArtifactView;
use crate::{
    app::App,
    auth::Principal,
    error::ApiError,
    extract::{Json, Path},
};

/// See an artifact
#[utoipa::path(
    get, path = "/api/v1/artifacts/{artifact_id}", tag = "artifacts",
    params(("artifact_id" = Uuid, Path, description = "The artifact")),
    responses(
        (status = 200, description = "The artifact, without its content", body = ArtifactView),
        (status = 404, description = "`not_found`", body = crate::error::ErrorBody),
        (status = 503, description = "`unavailable`", body = crate::error::ErrorBody),
    ),
)]
pub(crate) async fn get_artifact(
    State(app): State<App>,
    principal: Principal,
    Path(artifact): Path<Uuid>,
) -> Result<Json<ArtifactView>, ApiError> {
    let mut tx = app.store.begin(principal.tenant).await?;
    let found = artifacts::get(&mut tx, ArtifactId::from_uuid(artifact)).await?;
    found.map(|artifact| Json(artifact.into())).ok_or_else(|| ApiError::not_found("artifact"))
}
