//! `POST /api/v1/nats/credentials`: exchange a token for credentials on NATS.

use axum::{
    extract::State,
    http::{StatusCode, header},
    response::IntoResponse,
};
use garde::Validate;
use sba_store::{
    api_keys,
    audit::Actor,
    nats_access::{self, Credential},
};
use sba_subjects::{
    boundary::{DOMAIN, Permissions, Scope, inbox},
    caller::CallerKey,
    id::TenantKey,
};
use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};
use utoipa::ToSchema;

use super::{AccessError, Locked, mint, scope};
use crate::{
    app::App,
    auth::Principal,
    error::{ApiError, Code},
    extract::{Checked as _, JsonOrNothing},
    http::RequestId,
    mint::Entrant,
};

/// What credentials are to be like.
#[derive(Debug, Default, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
#[garde(context(u32 as longest))]
#[schema(example = json!({"ttl_seconds": 3600, "scopes": ["watch"]}))]
pub(crate) struct IssueCredentials {
    /// How long they hold; as the configuration says where it is left out.
    #[serde(default, alias = "ttlSeconds")]
    #[garde(inner(range(min = 1, max = *longest)))]
    #[schema(minimum = 1)]
    ttl_seconds: Option<u32>,
    /// What they are for: `watch`, `command`, `feed`, `serve`. All that the roles allow where none are named.
    #[serde(default)]
    #[garde(inner(length(min = 1, max = 10)))]
    #[schema(value_type = Option<Vec<String>>)]
    scopes: Option<Vec<Scope>>,
}

/// Credentials of a user of the tenant's account. They are told once.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Issued {
    /// The text of a `.creds` file. A secret.
    credentials: String,
    /// The user's public key: it names the credentials when they are to be taken back.
    #[schema(value_type = String)]
    public_key: CallerKey,
    /// Public key of the tenant's account; also the name of the consumer that its feed is.
    #[schema(value_type = String)]
    account: TenantKey,
    /// Where the servers are reached.
    #[schema(example = json!(["tls://nats.example.com:4222"]))]
    servers: Vec<String>,
    /// The JetStream domain that a client names to read the feed.
    #[schema(example = "sba")]
    domain: &'static str,
    /// What a client sets as the prefix of its inboxes: answers come nowhere else.
    inbox_prefix: String,
    /// What they are for.
    #[schema(value_type = Vec<String>, example = json!(["watch", "command"]))]
    scopes: Vec<Scope>,
    /// Patterns of the subjects that may be published to.
    publish: Vec<String>,
    /// Patterns of the subjects that may be subscribed to.
    subscribe: Vec<String>,
    /// From when on they do not hold: the servers disconnect.
    #[serde(with = "time::serde::rfc3339")]
    expires_at: OffsetDateTime,
}

/// Get credentials for NATS
///
/// Any NATS client logs in with them, to the tenant's own account, and may do there what its scopes allow. They act on
/// behalf of the token's user, with the roles that the token has now, until they end or are taken back.
#[utoipa::path(
    post, path = "/api/v1/nats/credentials", tag = "nats",
    request_body = Option<IssueCredentials>,
    responses(
        (status = 201, description = "The credentials", body = Issued),
        (status = 400, description = "`invalid_request`, `validation_failed`", body = crate::error::ErrorBody),
        (status = 403, description = "`forbidden`", body = crate::error::ErrorBody),
        (status = 409, description = "`too_many_credentials`", body = crate::error::ErrorBody),
        (status = 501, description = "`not_configured`", body = crate::error::ErrorBody),
        (status = 503, description = "`unavailable`", body = crate::error::ErrorBody),
    ),
)]
pub(crate) async fn issue_credentials(
    State(app): State<App>,
    principal: Principal,
    RequestId(request_id): RequestId,
    JsonOrNothing(request): JsonOrNothing<IssueCredentials>,
) -> Result<impl IntoResponse, ApiError> {
    let accounts = &app.config.accounts;
    let request = request.checked(&accounts.credentials_max_ttl_seconds)?;
    let scopes = scope::granted(&principal, request.scopes)?;
    let lifetime = request.ttl_seconds.unwrap_or(accounts.credentials_ttl_seconds);
    let actor = Actor { user_id: Some(principal.user), request_id: Some(request_id) };
    let issued = issue(&app, &principal, scopes, lifetime, &actor).await?;
    Ok((StatusCode::CREATED, [(header::CACHE_CONTROL, "no-store")], axum::Json(issued)))
}

/// Until when credentials hold. Nobody is let in for longer than what they have shown is good.
fn until(principal: &Principal, now: OffsetDateTime, lifetime: u32) -> Result<OffsetDateTime, ApiError> {
    let asked = now + Duration::seconds(lifetime.into());
    let shown = i64::try_from(principal.expires).ok().and_then(|at| OffsetDateTime::from_unix_timestamp(at).ok());
    let until = shown.map_or(asked, |shown| shown.min(asked));
    if until <= now {
        return Err(ApiError::new(Code::TokenExpired, "the token has expired"));
    }
    Ok(until)
}

async fn issue(
    app: &App,
    principal: &Principal,
    scopes: Vec<Scope>,
    lifetime: u32,
    actor: &Actor,
) -> Result<Issued, ApiError> {
    let mint = mint(app)?;
    // Whole seconds, as the servers count.
    let now = app.clock.now().replace_nanosecond(0).unwrap_or_else(|_| app.clock.now());
    let expires_at = until(principal, now, lifetime)?;
    let mut locked = Locked::of(app, principal).await?;
    // Whoever takes a key back waits for this transaction, or has been before it.
    if let Some(key) = principal.api_key()
        && api_keys::standing(&mut locked.tx, key).await.map_err(AccessError::from)?.is_none()
    {
        return Err(ApiError::new(Code::Unauthenticated, "the key does not hold"));
    }
    locked.settle(mint, principal, now).await?;
    let entrant = Entrant {
        name: &principal.user.to_string(),
        scopes: &scopes,
        issued_at: now.unix_timestamp(),
        expires_at: expires_at.unix_timestamp(),
    };
    let (key, credentials) =
        mint.let_in(&locked.standing(principal, Vec::new()), &entrant).map_err(AccessError::from)?;
    let credential = Credential {
        key,
        user_id: principal.user,
        roles: principal.roles(),
        scopes,
        issued_at: now,
        expires_at,
        revoked_at: None,
    };
    let most = app.config.accounts.max_credentials;
    let stored = nats_access::issue(&mut locked.tx, &credential, most, actor).await.map_err(AccessError::from)?;
    if !stored {
        return Err(AccessError::TooMany.into());
    }
    locked.tx.commit().await.map_err(AccessError::from)?;
    let Credential { key, scopes, .. } = credential;
    let Permissions { publish, subscribe } = Permissions::of(&scopes, &principal.key, &key);
    let urls = app.config.accounts.public_url.as_ref().unwrap_or(&app.config.nats.url);
    Ok(Issued {
        credentials: credentials.to_file(),
        account: principal.key.clone(),
        servers: urls.split(',').map(|url| url.trim().to_owned()).collect(),
        domain: DOMAIN,
        inbox_prefix: inbox(&key),
        public_key: key,
        scopes,
        publish,
        subscribe,
        expires_at,
    })
}
