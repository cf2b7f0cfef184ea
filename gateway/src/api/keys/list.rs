//! `GET /api/v1/keys`: the tenant's keys, the newest first.

use axum::extract::State;
use sba_store::api_keys;
use serde::Deserialize;

use super::view::KeyView;
use crate::{
    api::page::Paged,
    app::App,
    auth::Principal,
    error::ApiError,
    extract::{Json, List, PageQuery},
};

/// All keys are listed.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct All {}

/// List keys
///
/// Without their secrets; those that ended not long ago too.
#[utoipa::path(
    get, path = "/api/v1/keys", tag = "keys",
    params(PageQuery),
    responses(
        (status = 200, description = "One page, the newest first", body = Paged<KeyView>),
        (status = 400, description = "`invalid_request`, `validation_failed`", body = crate::error::ErrorBody),
        (status = 503, description = "`unavailable`", body = crate::error::ErrorBody),
    ),
)]
pub(crate) async fn list_keys(
    State(app): State<App>,
    principal: Principal,
    List { page, only: All {} }: List<All>,
) -> Result<Json<Paged<KeyView>>, ApiError> {
    let mut tx = app.store.begin(principal.tenant).await?;
    let listed = api_keys::list(&mut tx, page).await?;
    drop(tx);
    let now = app.clock.now();
    Ok(Json(Paged::of(listed, |key| KeyView::of(key, now))))
}
