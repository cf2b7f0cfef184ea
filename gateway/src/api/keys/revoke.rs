//! `DELETE /api/v1/keys/{key_id}`: take a key back.

use axum::{extract::State, http::StatusCode};
use sba_store::{api_keys, audit::Actor};
use sba_subjects::id::{ApiKeyId, UserId};
use uuid::Uuid;

use crate::{
    api::{nats, times},
    app::App,
    auth::Principal,
    error::ApiError,
    extract::Path,
    http::RequestId,
};

/// Revoke a key
///
/// Within a second it is good for nothing, at any gateway, and streams that were opened by it are closed; so are connections to
/// NATS whose credentials it was exchanged for. What its holder has started goes on.
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
    let put_out = nats::put_out(&app, &principal, tx, UserId::from_uuid(key.as_uuid()), &actor).await;
    app.api_keys.forget(principal.tenant, key).await;
    put_out.map(|()| StatusCode::NO_CONTENT)
}
