//! The one who asks, as handlers take them from a request.

use std::sync::Arc;

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, header, request::Parts},
};
use sba_subjects::{
    event::TenantSettings,
    id::{TenantId, TenantKey, UserId},
    tool::ToolSpec,
};
use tracing::{Span, field::display};

use super::{
    role::{Action, Role},
    tenants::TenantError,
    token::{TokenError, Verified},
};
use crate::{
    app::App,
    error::{ApiError, Code},
};

/// What stands before a JWT in a list of WebSocket subprotocols: a browser can set no other header there.
const BEARER_PROTOCOL: &str = "sba.bearer.";

/// A user of a tenant that exists.
#[derive(Debug, Clone)]
pub(crate) struct Principal {
    /// The tenant, as the API and Postgres know it.
    pub(crate) tenant: TenantId,
    /// The tenant, as NATS knows it.
    pub(crate) key: TenantKey,
    /// The user.
    pub(crate) user: UserId,
    /// Until when the token is good, in seconds since 1970.
    pub(crate) expires: u64,
    roles: Vec<Role>,
}

/// A user who governs the installation.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Operator {
    /// The user.
    pub(crate) user: UserId,
}

impl Principal {
    /// The user that a token names.
    async fn of(app: &App, verified: Verified) -> Result<Self, ApiError> {
        let Some(tenant) = verified.tenant_id else {
            return Err(ApiError::new(Code::Forbidden, "the token names no tenant"));
        };
        let span = Span::current();
        span.record("tenant_id", display(tenant));
        span.record("user_id", display(verified.user_id));
        let key = app.tenants.key(tenant).await.map_err(unknown)?;
        Ok(Self { tenant, key, user: verified.user_id, expires: verified.exp, roles: verified.roles })
    }

    /// The user whose token this is.
    ///
    /// # Errors
    /// `unauthenticated`, `token_expired`, `forbidden` for a token without a tenant, `unavailable`.
    pub(crate) async fn with_token(app: &App, token: &str) -> Result<Self, ApiError> {
        Self::of(app, check(app, token)?).await
    }

    /// Goes on only when one of the roles allows it.
    pub(crate) fn may(&self, action: Action) -> Result<(), ApiError> {
        allowed(&self.roles, action)
    }

    /// What the tenant's settings say.
    ///
    /// # Errors
    /// `unavailable`, and `internal` where they cannot be read: without them nothing is started, for they may forbid it.
    pub(crate) async fn settings(&self, app: &App) -> Result<TenantSettings, ApiError> {
        let settings = app.tenants.settings(self.tenant).await.map_err(unknown)?;
        Ok(TenantSettings::clone(&settings))
    }

    /// The names of the roles.
    pub(crate) fn roles(&self) -> Vec<String> {
        self.roles.iter().map(ToString::to_string).collect()
    }

    /// Goes on only when one of the roles may call the tool.
    pub(crate) fn may_call(&self, tool: &ToolSpec) -> Result<(), ApiError> {
        if tool.roles.is_empty() || self.roles.iter().any(|role| tool.roles.contains(&role.as_str())) {
            return Ok(());
        }
        Err(ApiError::new(Code::Forbidden, "the roles of this token do not allow this tool"))
    }
}

impl FromRequestParts<App> for Principal {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        Self::of(app, verified(app, parts)?).await
    }
}

/// A user who shows a token, or somebody who shows none: a browser may send it later, over its WebSocket.
#[derive(Debug)]
pub(crate) struct Shown(pub(crate) Option<Principal>);

impl FromRequestParts<App> for Shown {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let nothing = !parts.headers.contains_key(header::AUTHORIZATION) && bearer(&parts.headers).is_none();
        if nothing {
            return Ok(Self(None));
        }
        Principal::from_request_parts(parts, app).await.map(|principal| Self(Some(principal)))
    }
}

impl FromRequestParts<App> for Operator {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let verified = verified(app, parts)?;
        allowed(&verified.roles, Action::CreateTenant)?;
        Ok(Self { user: verified.user_id })
    }
}

/// What a client is told of a tenant that is not known.
fn unknown(error: Arc<TenantError>) -> ApiError {
    match &*error {
        TenantError::Unknown => ApiError::new(Code::Unauthenticated, "the token names a tenant that does not exist"),
        TenantError::Store(_) => {
            ApiError::new(Code::Unavailable, "the tenant cannot be looked up now").caused_by(error)
        }
        TenantError::Settings(_) => {
            ApiError::new(Code::Internal, "the tenant's settings cannot be read").caused_by(error)
        }
    }
}

fn allowed(roles: &[Role], action: Action) -> Result<(), ApiError> {
    if roles.iter().any(|role| role.may(action)) {
        return Ok(());
    }
    Err(ApiError::new(Code::Forbidden, "the roles of this token do not allow it"))
}

/// What the token says: as it was found on the way in, or else now.
fn verified(app: &App, parts: &mut Parts) -> Result<Verified, ApiError> {
    parts.extensions.remove().map_or_else(|| verify(app, &parts.headers), Ok)
}

/// Checks the token that a request shows.
///
/// # Errors
/// `unauthenticated`, `token_expired`.
pub(crate) fn verify(app: &App, headers: &HeaderMap) -> Result<Verified, ApiError> {
    let Some(token) = bearer(headers) else {
        return Err(ApiError::new(Code::Unauthenticated, "a bearer token is needed"));
    };
    check(app, token)
}

fn check(app: &App, token: &str) -> Result<Verified, ApiError> {
    app.verifier.verify(token, app.clock.now().unix_timestamp().unsigned_abs()).map_err(|error| match error {
        TokenError::Expired => ApiError::new(Code::TokenExpired, "the token has expired"),
        other => ApiError::new(Code::Unauthenticated, "the token does not hold").caused_by(other),
    })
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let Some(value) = headers.get(header::AUTHORIZATION) else {
        return offered(headers, BEARER_PROTOCOL);
    };
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// What follows `prefix` in the WebSocket subprotocols that a client offers.
pub(super) fn offered<'a>(headers: &'a HeaderMap, prefix: &str) -> Option<&'a str> {
    let lists = headers.get_all(header::SEC_WEBSOCKET_PROTOCOL).iter().filter_map(|value| value.to_str().ok());
    lists.flat_map(|list| list.split(',')).find_map(|protocol| protocol.trim().strip_prefix(prefix))
}
