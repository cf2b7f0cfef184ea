//! `POST /api/v1/keys/{key_id}/rotate`: give a key another secret.

use std::time::Duration;

use axum::extract::State;
use sba_store::{api_keys, audit::Actor};
use sba_subjects::id::ApiKeyId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{new_text, view::ToldKey};
use crate::{
    api::{
        idempotency::{Claimed, KeyHeader, claim},
        times,
    },
    app::App,
    auth::Principal,
    error::ApiError,
    extract::{Json, JsonOrNothing, Path},
    http::RequestId,
};

/// Name under which keys of this endpoint are kept.
const ENDPOINT: &str = "POST /api/v1/keys/{key_id}/rotate";

/// How a key is rotated.
#[derive(Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"overlap_seconds": 3_600}))]
pub(crate) struct RotateKey {
    /// Seconds for which the former secret holds beside the new one, at most as `auth.key_max_overlap_seconds` says; none,
    /// where none are named.
    #[serde(default, alias = "overlapSeconds")]
    overlap_seconds: u64,
    /// May stand here instead of in the header `Idempotency-Key`.
    #[serde(default, alias = "idempotencyKey", skip_serializing)]
    idempotency_key: Option<String>,
}

/// Rotate a key
///
/// The key stays what it is and ends when it would have; its text is another, and is told once. Streams that were opened by
/// the former secret are closed when that does not hold any more.
#[utoipa::path(
    post, path = "/api/v1/keys/{key_id}/rotate", tag = "keys",
    params(
        ("key_id" = Uuid, Path, description = "The key"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes it safe to send the request again"),
    ),
    request_body = RotateKey,
    responses(
        (status = 200, description = "The key", body = ToldKey),
        (status = 400, description = "`invalid_request`, `validation_failed`", body = crate::error::ErrorBody),
        (status = 404, description = "`not_found`: there is none that counts", body = crate::error::ErrorBody),
        (status = 409, description = "`idempotency_conflict`", body = crate::error::ErrorBody),
        (status = 503, description = "`unavailable`", body = crate::error::ErrorBody),
    ),
)]
pub(crate) async fn rotate_key(
    State(app): State<App>,
    principal: Principal,
    RequestId(request_id): RequestId,
    Path(id): Path<Uuid>,
    key: KeyHeader,
    JsonOrNothing(mut request): JsonOrNothing<RotateKey>,
) -> Result<Json<ToldKey>, ApiError> {
    let most = app.config.auth.key_max_overlap_seconds;
    if request.overlap_seconds > most {
        return Err(ApiError::invalid_field("overlap_seconds", format!("is larger than {most}")));
    }
    let claim_key = key.of(ENDPOINT, request.idempotency_key.take(), &(principal.user, id, &request))?;
    let now = times::as_stored(app.clock.now());
    let id = ApiKeyId::from_uuid(id);
    let text = new_text(principal.tenant, id);
    let overlap_end = now + Duration::from_secs(request.overlap_seconds);
    let actor = Actor { user_id: Some(principal.user), request_id: Some(request_id) };
    let gone = || ApiError::not_found("key");
    let mut tx = app.store.begin(principal.tenant).await?;
    if let Claimed::Before(_) = claim(&app, &mut tx, claim_key.as_ref(), id.as_uuid(), now).await? {
        let rotated = api_keys::get(&mut tx, id).await?.ok_or_else(gone)?;
        return Ok(Json(ToldKey::of(rotated, None, now)));
    }
    let rotated = api_keys::rotate(&mut tx, id, &text.hash(), now, overlap_end, &actor).await?.ok_or_else(gone)?;
    tx.commit().await?;
    app.api_keys.forget(principal.tenant, id).await;
    Ok(Json(ToldKey::of(rotated, Some(text.reveal()), now)))
}
