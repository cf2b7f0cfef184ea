//! `POST /api/v1/keys`: make a key.

use std::time::Duration;

use axum::{extract::State, http::StatusCode, response::IntoResponse};
use garde::Validate;
use sba_service::config::AuthConfig;
use sba_store::{
    api_keys::{self, NewApiKey},
    audit::Actor,
};
use sba_subjects::{id::ApiKeyId, role::Role};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use utoipa::ToSchema;

use super::{new_text, view::ToldKey};
use crate::{
    api::{
        idempotency::{Claimed, KeyHeader, claim},
        times,
    },
    app::App,
    auth::Principal,
    error::{ApiError, Code},
    extract::{Checked as _, Json, no_control, not_blank},
    http::RequestId,
};

/// Name under which keys of this endpoint are kept.
const ENDPOINT: &str = "POST /api/v1/keys";

/// How many keys that ended long ago are removed where a new one is made: more go than come.
const TIDY: u32 = 10;

/// How long a key that has ended is still listed.
const LISTED: Duration = Duration::from_secs(90 * 86_400);

/// A key to be made.
#[derive(Debug, Deserialize, Serialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"name": "Nightly import", "roles": ["member"], "ttl_seconds": 7_776_000}))]
pub(crate) struct CreateKey {
    /// What people call it.
    #[garde(length(chars, min = 1, max = 200), custom(no_control), custom(not_blank))]
    #[schema(min_length = 1, max_length = 200)]
    name: String,
    /// What it lets its holder be: nothing that whoever makes it may not do, and never `operator`.
    #[garde(length(min = 1, max = 4))]
    #[schema(value_type = Vec<String>)]
    roles: Vec<Role>,
    /// Seconds until it ends; as `auth.key_ttl_seconds` says when no end is named, at most as `auth.key_max_ttl_seconds` says.
    #[serde(default, alias = "ttlSeconds")]
    #[garde(inner(range(min = 1)))]
    #[schema(minimum = 1)]
    ttl_seconds: Option<u64>,
    /// When it ends, instead.
    #[serde(default, alias = "expiresAt")]
    #[garde(skip)]
    #[schema(format = DateTime)]
    expires_at: Option<String>,
    /// May stand here instead of in the header `Idempotency-Key`.
    #[serde(default, alias = "idempotencyKey", skip_serializing)]
    #[garde(skip)]
    idempotency_key: Option<String>,
}

/// Make a key
///
/// A machine shows it wherever a person shows a token. It acts as a user of its own, whose id is the key's. Its text is told
/// once. Keys are made by people: a key makes none.
#[utoipa::path(
    post, path = "/api/v1/keys", tag = "keys",
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes it safe to send the request again")),
    request_body = CreateKey,
    responses(
        (status = 201, description = "The key", body = ToldKey),
        (status = 400, description = "`invalid_request`, `validation_failed`", body = crate::error::ErrorBody),
        (status = 403, description = "`forbidden`: the role, or a role of the key", body = crate::error::ErrorBody),
        (status = 404, description = "`not_found`: the key that this idempotency key made is gone", body = crate::error::ErrorBody),
        (status = 409, description = "`idempotency_conflict`, `too_many_keys`", body = crate::error::ErrorBody),
        (status = 503, description = "`unavailable`", body = crate::error::ErrorBody),
    ),
)]
pub(crate) async fn create_key(
    State(app): State<App>,
    principal: Principal,
    RequestId(request_id): RequestId,
    key: KeyHeader,
    Json(request): Json<CreateKey>,
) -> Result<impl IntoResponse, ApiError> {
    let mut request = request.checked(&())?;
    let claim_key = key.of(ENDPOINT, request.idempotency_key.take(), &(principal.user, &request))?;
    if let Some(role) = request.roles.iter().find(|role| !principal.may_give(**role)) {
        return Err(ApiError::new(Code::Forbidden, format!("the roles of this token do not allow a key to be {role}")));
    }
    request.roles.sort_unstable_by_key(|role| role.as_str());
    request.roles.dedup();
    let now = times::as_stored(app.clock.now());
    let new = ApiKeyId::from_uuid(app.ids.uuid());
    let text = new_text(principal.tenant, new);
    let new = NewApiKey {
        id: new,
        expires_at: end(&app.config.auth, &request, now)?,
        name: request.name,
        roles: request.roles,
        created_by: principal.user,
        secret: text.hash(),
        created_at: now,
    };
    let actor = Actor { user_id: Some(principal.user), request_id: Some(request_id) };
    let mut tx = app.store.begin(principal.tenant).await?;
    if let Claimed::Before(earlier) = claim(&app, &mut tx, claim_key.as_ref(), new.id.as_uuid(), now).await? {
        let earlier = api_keys::get(&mut tx, ApiKeyId::from_uuid(earlier)).await?;
        let earlier = earlier.ok_or_else(|| ApiError::not_found("key"))?;
        return Ok((StatusCode::CREATED, Json(ToldKey::of(earlier, None, now))));
    }
    if !api_keys::room(&mut tx, now, app.config.auth.max_keys_per_tenant).await? {
        return Err(ApiError::new(Code::TooManyKeys, "the tenant has as many keys as it may"));
    }
    api_keys::delete_ended(&mut tx, now - LISTED, TIDY).await?;
    let made = api_keys::create(&mut tx, &new, &actor).await?;
    tx.commit().await?;
    Ok((StatusCode::CREATED, Json(ToldKey::of(made, Some(text.reveal()), now))))
}

/// When the key ends that is asked for.
fn end(config: &AuthConfig, request: &CreateKey, now: OffsetDateTime) -> Result<OffsetDateTime, ApiError> {
    let most = now + Duration::from_secs(config.key_max_ttl_seconds);
    let (field, end) = match (&request.expires_at, request.ttl_seconds) {
        (Some(_), Some(_)) => {
            return Err(ApiError::invalid_field("expires_at", "cannot stand beside ttl_seconds"));
        }
        (Some(text), None) => {
            let end = times::read(text).ok_or_else(|| ApiError::invalid_field("expires_at", times::EXPECTED))?;
            ("expires_at", times::as_stored(end))
        }
        (None, ttl) => {
            let seconds = ttl.unwrap_or(config.key_ttl_seconds).min(config.key_max_ttl_seconds + 1);
            ("ttl_seconds", now + Duration::from_secs(seconds))
        }
    };
    if end > most {
        return Err(ApiError::invalid_field(field, format!("is later than {}", times::written(most))));
    }
    if end <= now {
        return Err(ApiError::invalid_field(field, "has passed"));
    }
    Ok(end)
}
