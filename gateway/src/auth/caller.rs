//! Who asks, by what they show.

use axum::http::{HeaderMap, header};
use sba_subjects::{
    id::{TenantId, UserId},
    role::Role,
};

use super::{
    api_key::{ApiKeyText, Held},
    oidc::{Issuer, TenantClaim},
    operation::Operation,
    token::TokenError,
};
use crate::{
    app::App,
    error::{ApiError, Code},
};

/// What stands before a token in a list of WebSocket subprotocols: a browser can set no other header there.
const BEARER_PROTOCOL: &str = "sba.bearer.";

/// Somebody who has shown who they are. What they may do is not looked at yet.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    /// The tenant they act for; none, for those who govern the installation.
    pub(crate) tenant: Option<TenantId>,
    /// The person or service.
    pub(crate) user: UserId,
    /// What they may be.
    pub(crate) roles: Vec<Role>,
    /// Until when that holds, in seconds since 1970.
    pub(crate) expires: u64,
    /// The key by which they have shown it; none, where it was a token.
    pub(crate) key: Option<Held>,
}

impl Caller {
    /// Whose token or key this is.
    ///
    /// # Errors
    /// `unauthenticated`, `token_expired`, `unavailable`; of a key `overloaded` too.
    pub(crate) async fn of(app: &App, token: &str) -> Result<Self, ApiError> {
        if ApiKeyText::is_meant(token) {
            return app.api_keys.caller(token).await;
        }
        let now = app.clock.now().unix_timestamp().unsigned_abs();
        if let Some(issuer) = app.issuers.of(token) {
            return Self::of_issuer(app, issuer, token, now).await;
        }
        let verified = app.verifier.verify(token, now).map_err(refusal)?;
        Ok(Self {
            tenant: verified.tenant_id,
            user: verified.user_id,
            roles: verified.roles,
            expires: verified.exp,
            key: None,
        })
    }

    async fn of_issuer(app: &App, issuer: &Issuer, token: &str, now: u64) -> Result<Self, ApiError> {
        let said = issuer.verify(token, now).await.map_err(refusal)?;
        let tenant = match said.tenant {
            Some(TenantClaim::Id(tenant)) => Some(tenant),
            Some(TenantClaim::Name(name)) => Some(app.tenant_names.tenant(issuer.name(), name).await?),
            None => None,
        };
        Ok(Self { tenant, user: said.user, roles: said.roles, expires: said.expires, key: None })
    }

    /// Goes on only when one of the roles allows it.
    ///
    /// # Errors
    /// `forbidden`.
    pub(crate) fn may(&self, operation: Operation) -> Result<(), ApiError> {
        if self.key.is_some() && operation.is_for_people() {
            return Err(ApiError::new(Code::Forbidden, "a key makes no keys"));
        }
        if self.roles.iter().any(|role| operation.allows(*role)) {
            return Ok(());
        }
        Err(ApiError::new(Code::Forbidden, "the roles of this token do not allow it"))
    }
}

fn refusal(error: TokenError) -> ApiError {
    match error {
        TokenError::Expired => ApiError::new(Code::TokenExpired, "the token has expired"),
        TokenError::Keys => {
            ApiError::new(Code::Unavailable, "the keys of the token's issuer cannot be had now").caused_by(error)
        }
        other => ApiError::new(Code::Unauthenticated, "the token does not hold").caused_by(other),
    }
}

/// What a request shows of its caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shown<'a> {
    /// A token.
    Token(&'a str),
    /// Something that is no token.
    Unreadable,
    /// Nothing.
    Nothing,
}

impl<'a> Shown<'a> {
    /// In the header `Authorization` or, from a browser, among the WebSocket subprotocols.
    pub(super) fn of(headers: &'a HeaderMap) -> Self {
        let Some(value) = headers.get(header::AUTHORIZATION) else {
            return offered(headers, BEARER_PROTOCOL).map_or(Self::Nothing, Self::Token);
        };
        let bearer = value.to_str().ok().and_then(|value| value.split_once(' '));
        let bearer = bearer.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
        bearer.map_or(Self::Unreadable, |(_, token)| Self::Token(token.trim()))
    }
}

/// What follows `prefix` in the WebSocket subprotocols that a client offers.
pub(super) fn offered<'a>(headers: &'a HeaderMap, prefix: &str) -> Option<&'a str> {
    let lists = headers.get_all(header::SEC_WEBSOCKET_PROTOCOL).iter().filter_map(|value| value.to_str().ok());
    lists.flat_map(|list| list.split(',')).find_map(|protocol| protocol.trim().strip_prefix(prefix))
}
