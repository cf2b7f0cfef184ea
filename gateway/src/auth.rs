//! Who asks, and what they may do.
//!
//! A client shows a JWT that an issuer signed with Ed25519. It names a tenant, a user and roles; the tenant must exist.

mod api_key;
mod caller;
mod guard;
mod keys;
mod oidc;
mod operation;
mod principal;
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
