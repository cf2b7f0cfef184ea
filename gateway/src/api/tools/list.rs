//! `GET /api/v1/tools`: the tools that the tenant serves.

use axum::extract::State;
use sba_store::served_tools;
use serde::Serialize;
use utoipa::ToSchema;

use super::put::ToolView;
use crate::{app::App, auth::Principal, error::ApiError, extract::Json};

/// Tools.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Tools {
    /// All of them, by name.
    data: Vec<ToolView>,
}

/// See the tools that the tenant serves
#[utoipa::path(
    get, path = "/api/v1/tools", tag = "tools",
    responses(
        (status = 200, description = "The tools", body = Tools),
        (status = 403, description = "`forbidden`", body = crate::error::ErrorBody),
        (status = 503, description = "`unavailable`", body = crate::error::ErrorBody),
    ),
)]
pub(crate) async fn list_tools(State(app): State<App>, principal: Principal) -> Result<Json<Tools>, ApiError> {
    let mut tx = app.store.begin(principal.tenant).await?;
    let tools = served_tools::list(&mut tx).await?;
    Ok(Json(Tools { data: tools.into_iter().map(ToolView::from).collect() }))
}
