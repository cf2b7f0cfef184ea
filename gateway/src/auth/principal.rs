//! The one who asks, as handlers take them from a request.

use std::{future::pending, sync::Arc};

use axum::{extract::FromRequestParts, http::request::Parts};
use futures::future::BoxFuture;
use sba_subjects::{
    event::TenantSettings,
    id::{ApiKeyId, TenantId, TenantKey, UserId},
    role::Role,
    tool::ToolSpec,
};
use tracing::{Span, field::display};

use super::{api_key::Held, caller::Caller, operation::Operation, tenants::TenantError};
use crate::{
    app::App,
    error::{ApiError, Code},
};

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
    caller: Caller,
}

/// A user who governs the installation.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Operator {
    /// The user.
    pub(crate) user: UserId,
}

impl Principal {
    async fn of(app: &App, caller: Caller) -> Result<Self, ApiError> {
        let Some(tenant) = caller.tenant else {
            return Err(ApiError::new(Code::Forbidden, "the token names no tenant"));
        };
        let span = Span::current();
        span.record("tenant_id", display(tenant));
        span.record("user_id", display(caller.user));
        let key = app.tenants.key(tenant).await.map_err(unknown)?;
        Ok(Self { tenant, key, user: caller.user, expires: caller.expires, caller })
    }

    /// The user whose token this is, if it may do that.
    ///
    /// # Errors
    /// `unauthenticated`, `token_expired`, `forbidden`, `unavailable`.
    pub(crate) async fn with_token(app: &App, token: &str, operation: Operation) -> Result<Self, ApiError> {
        let caller = Caller::of(app, token).await?;
        caller.may(operation)?;
        Self::of(app, caller).await
    }

    /// A user who was checked before, when it was let in elsewhere. Roles that this version does not know allow nothing.
    pub(crate) fn let_in(key: TenantKey, user: UserId, roles: &[String], expires: u64) -> Self {
        let roles = roles.iter().filter_map(|role| role.parse().ok()).collect();
        let caller = Caller { tenant: Some(key.id()), user, roles, expires, key: None };
        Self { tenant: key.id(), key, user, expires, caller }
    }

    /// Goes on only when the user may do something else than what they were let in for.
    ///
    /// # Errors
    /// `forbidden`.
    pub(crate) fn may(&self, operation: Operation) -> Result<(), ApiError> {
        self.caller.may(operation)
    }

    /// Whether a key may be given this role: it allows nothing that the user may not do, and is not the operator's.
    pub(crate) fn may_give(&self, role: Role) -> bool {
        let covered = |operation: &Operation| !operation.allows(role) || self.caller.may(*operation).is_ok();
        role != Role::Operator && Operation::ALL.iter().all(covered)
    }

    /// The key by which the user was let in; none, where it was a token.
    pub(crate) fn api_key(&self) -> Option<ApiKeyId> {
        self.caller.key.map(Held::id)
    }

    /// Ends when the key by which the user was let in does not hold any more, with the reason. The end of a token is known
    /// beforehand: see `expires`.
    pub(crate) fn lost(&self, app: &App) -> BoxFuture<'static, Code> {
        match self.caller.key {
            Some(held) => app.api_keys.lost(held),
            None => Box::pin(pending()),
        }
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
        self.caller.roles.iter().map(ToString::to_string).collect()
    }

    /// Goes on only when one of the roles may call the tool.
    pub(crate) fn may_call(&self, tool: &ToolSpec) -> Result<(), ApiError> {
        if tool.roles.is_empty() || self.caller.roles.iter().any(|role| tool.roles.contains(&role.as_str())) {
            return Ok(());
        }
        Err(ApiError::new(Code::Forbidden, "the roles of this token do not allow this tool"))
    }
}

impl FromRequestParts<App> for Principal {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        Self::of(app, let_in(parts)?).await
    }
}

/// A user who has shown who they are, or somebody who may do so later, over the WebSocket.
#[derive(Debug)]
pub(crate) struct Guest(pub(crate) Option<Principal>);

impl FromRequestParts<App> for Guest {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        match parts.extensions.remove() {
            Some(caller) => Principal::of(app, caller).await.map(|principal| Self(Some(principal))),
            None => Ok(Self(None)),
        }
    }
}

impl FromRequestParts<App> for Operator {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _app: &App) -> Result<Self, ApiError> {
        Ok(Self { user: let_in(parts)?.user })
    }
}

/// Whom the guard let in.
fn let_in(parts: &mut Parts) -> Result<Caller, ApiError> {
    parts.extensions.remove().ok_or_else(|| ApiError::new(Code::Internal, "nobody asked who sends this request"))
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
