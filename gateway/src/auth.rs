//! Who asks, and what they may do.
//!
//! A client shows a JWT that an issuer signed with Ed25519. It names a tenant, a user and roles; the tenant must exist.

mod keys;
mod principal;
mod role;
mod session_token;
mod tenants;
mod token;

pub use self::{
    keys::{KeyError, KeyPair},
    role::Role,
    token::{Claims, TokenError, mint},
};
pub(crate) use self::{
    principal::{Operator, Principal, Shown, verify},
    role::Action,
    session_token::SessionToken,
    tenants::Tenants,
    token::{Verified, Verifier},
};
