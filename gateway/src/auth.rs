//! Who asks, and what they may do.
//!
//! A client shows a token of SBA's own issuer or of an OpenID Connect provider, or an API key. Each comes to a tenant that
//! exists, a user and roles (`caller`), and is held against the one table of who may do what (`guard`, `operation`).

mod api_key;
mod caller;
mod guard;
mod keys;
mod oidc;
mod operation;
mod principal;
mod remembered;
mod session_token;
mod tenant_names;
mod tenants;
mod token;

pub(crate) use self::{
    api_key::{ApiKeyText, ApiKeys},
    caller::Caller,
    guard::guard,
    oidc::Issuers,
    operation::Operation,
    principal::{Guest, Operator, Principal},
    session_token::SessionToken,
    tenant_names::TenantNames,
    tenants::Tenants,
    token::Verifier,
};
pub use self::{
    keys::{KeyError, KeyPair},
    oidc::FetchError,
    token::{Claims, TokenError, mint},
};
pub use sba_subjects::role::Role;
