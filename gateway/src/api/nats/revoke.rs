//! `DELETE /api/v1/nats/credentials` and `…/{public_key}`: take credentials back.

use axum::{extract::State, http::StatusCode};
use sba_store::{audit::Actor, nats_access};
use sba_subjects::caller::CallerKey;

use super::{AccessError, Locked, mint};
use crate::{
    app::App,
    auth::{Operation, Principal},
    error::{ApiError, Code},
    extract::Path,
    http::RequestId,
};

/// Take all credentials back
///
/// Whoever is connected with credentials of the tenant is disconnected, and no credentials hold that were given before.
#[utoipa::path(
    delete, path = "/api/v1/nats/credentials", tag = "nats",
    responses(
        (status = 204, description = "No credentials hold"),
        (status = 403, description = "`forbidden`", body = crate::error::ErrorBody),
        (status = 501, description = "`not_configured`", body = crate::error::ErrorBody),
        (status = 503, description = "`unavailable`", body = crate::error::ErrorBody),
    ),
)]
pub(crate) async fn revoke_all(
    State(app): State<App>,
    principal: Principal,
    RequestId(request_id): RequestId,
) -> Result<StatusCode, ApiError> {
    let mint = mint(&app)?;
    let actor = Actor { user_id: Some(principal.user), request_id: Some(request_id) };
    let mut locked = Locked::of(&app, &principal).await?;
    locked.generation = nats_access::revoke_all(&mut locked.tx, &actor).await.map_err(AccessError::from)?;
    locked.settle(mint, &principal, app.clock.now()).await?;
    locked.tx.commit().await.map_err(AccessError::from)?;
    Ok(StatusCode::NO_CONTENT)
}

/// Take credentials back
///
/// Whoever is connected with them is disconnected. A user takes its own back; those of others, who governs the tenant.
#[utoipa::path(
    delete, path = "/api/v1/nats/credentials/{public_key}", tag = "nats",
    params(("public_key" = String, Path, description = "The public key that they were given with")),
    responses(
        (status = 204, description = "The credentials do not hold"),
        (status = 400, description = "`invalid_request`", body = crate::error::ErrorBody),
        (status = 404, description = "`not_found`", body = crate::error::ErrorBody),
        (status = 501, description = "`not_configured`", body = crate::error::ErrorBody),
        (status = 503, description = "`unavailable`", body = crate::error::ErrorBody),
    ),
)]
pub(crate) async fn revoke_one(
    State(app): State<App>,
    principal: Principal,
    RequestId(request_id): RequestId,
    Path(key): Path<String>,
) -> Result<StatusCode, ApiError> {
    let key: CallerKey =
        key.parse().map_err(|_| ApiError::new(Code::InvalidRequest, "this is no public key of a user"))?;
    let mint = mint(&app)?;
    let now = app.clock.now();
    let actor = Actor { user_id: Some(principal.user), request_id: Some(request_id) };
    let mut locked = Locked::of(&app, &principal).await?;
    let found = nats_access::get(&mut locked.tx, &key).await.map_err(AccessError::from)?;
    // Those of others look to a user as if they were not there.
    let governs = principal.may(Operation::RevokeAccess).is_ok();
    found.filter(|found| governs || found.user_id == principal.user).ok_or(AccessError::Unknown)?;
    nats_access::revoke(&mut locked.tx, &key, now, &actor).await.map_err(AccessError::from)?;
    locked.settle(mint, &principal, now).await?;
    locked.tx.commit().await.map_err(AccessError::from)?;
    Ok(StatusCode::NO_CONTENT)
}
