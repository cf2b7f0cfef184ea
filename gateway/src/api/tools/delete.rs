//! `DELETE /api/v1/tools/{name}`: offer a tool no more.

use axum::{extract::State, http::StatusCode};
use sba_store::{audit::Actor, served_tools};

use super::{served_name, unknown};
use crate::{app::App, auth::Principal, error::ApiError, extract::Path, http::RequestId};

/// Remove a tool
///
/// Runs that are accepted from now on are not offered it. Those that were go on with it, while a worker serves it.
#[utoipa::path(
    delete, path = "/api/v1/tools/{name}", tag = "tools",
    params(("name" = String, Path, description = "Its name")),
    responses(
        (status = 204, description = "The tool is gone"),
        (status = 400, description = "`validation_failed`", body = crate::error::ErrorBody),
        (status = 403, description = "`forbidden`", body = crate::error::ErrorBody),
        (status = 404, description = "`not_found`", body = crate::error::ErrorBody),
        (status = 503, description = "`unavailable`", body = crate::error::ErrorBody),
    ),
)]
pub(crate) async fn delete_tool(
    State(app): State<App>,
    principal: Principal,
    RequestId(request_id): RequestId,
    Path(name): Path<String>,
) -> Result<StatusCode, ApiError> {
    let name = served_name(&name)?;
    let actor = Actor { user_id: Some(principal.user), request_id: Some(request_id) };
    let mut tx = app.store.begin(principal.tenant).await?;
    if !served_tools::delete(&mut tx, &name, &actor).await? {
        return Err(unknown());
    }
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
