//! `DELETE /api/v1/keys/{key_id}`: take a key back.

use axum::{extract::State, http::StatusCode};
use sba_store::{api_keys, audit::Actor};
use sba_subjects::id::ApiKeyId;
use uuid::Uuid;

use crate::{api::times, app::App, auth::Principal, error::ApiError, extract::Path, http::RequestId};

/// Revoke a key
///
/// Within a second it is good for nothing, at any gateway, and streams that were opened by it are closed. What its holder has
/// started goes on.
#[utoipa::path(
    delete, path = "/api/v1/keys/{key_id}", tag = "keys",
    params(("key_id" = Uuid, Path, description = "The key")),
    responses(
        (status = 204, description = "The key does not hold any more"),
        (status = 404, description = "`not_found`", body = crate::error::ErrorBody),
        (status = 503, description = "`unavailable`", body = crate::error::ErrorBody),
    ),
)]
pub(crate) async fn revoke_key(
    State(app): State<App>,
    principal: Principal,
    RequestId(request_id): RequestId,
    Path(key): Path<Uuid>,
) -> Result<StatusCode, ApiError> {
    let actor = Actor { user_id: Some(principal.user), request_id: Some(request_id) };
    let key = ApiKeyId::from_uuid(key);
    let mut tx = app.store.begin(principal.tenant).await?;
    if !api_keys::revoke(&mut tx, key, times::as_stored(app.clock.now()), &actor).await? {
        return Err(ApiError::not_found("key"));
    }
    tx.commit().await?;
    app.api_keys.forget(principal.tenant, key).await;
    Ok(StatusCode::NO_CONTENT)
}
