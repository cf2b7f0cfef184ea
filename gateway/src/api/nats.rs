//! `/api/v1/nats`: letting a tenant's clients onto NATS.

mod issue;
mod revoke;
mod scope;

use sba_store::{StoreError, TenantTx, nats_access, tenants};
use sba_subjects::caller::CallerKey;
use time::OffsetDateTime;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    app::App,
    auth::Principal,
    error::{ApiError, Code},
    mint::{AccountError, Mint, Standing},
};

/// The endpoints of credentials.
pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(issue::issue_credentials, revoke::revoke_all))
        .routes(routes!(revoke::revoke_one))
}

/// Why a tenant's account was not changed.
#[derive(Debug, thiserror::Error)]
enum AccessError {
    #[error("the account was not settled")]
    Account(#[from] AccountError),
    #[error("what was changed could not be stored")]
    Store(#[from] StoreError),
    #[error("the tenant has no row")]
    NoTenant,
    #[error("as many credentials hold as may")]
    TooMany,
    #[error("there are no such credentials")]
    Unknown,
}

impl From<AccessError> for ApiError {
    fn from(error: AccessError) -> Self {
        match error {
            AccessError::Account(error) => error.into(),
            AccessError::Store(error) => error.into(),
            AccessError::NoTenant => Self::new(Code::Internal, "the tenant cannot be read").caused_by(error),
            AccessError::TooMany => {
                Self::new(Code::TooManyCredentials, "as many credentials of the tenant hold as may")
            }
            AccessError::Unknown => Self::not_found("set of credentials"),
        }
    }
}

/// What makes accounts.
fn mint(app: &App) -> Result<&Mint, ApiError> {
    app.mint.as_ref().ok_or_else(|| {
        ApiError::new(Code::NotConfigured, "this gateway gives no credentials: accounts.operator_seed is not set")
    })
}

/// The locked account of a tenant, as it stands in Postgres.
struct Locked {
    tx: TenantTx,
    name: String,
    generation: u32,
}

impl Locked {
    async fn of(app: &App, principal: &Principal) -> Result<Self, AccessError> {
        let mut tx = app.store.begin(principal.tenant).await?;
        let generation = nats_access::lock(&mut tx).await?;
        let tenant = tenants::get(&mut tx).await?.ok_or(AccessError::NoTenant)?;
        Ok(Self { tx, name: tenant.name, generation })
    }

    fn standing<'a>(&'a self, principal: &'a Principal, revoked: Vec<CallerKey>) -> Standing<'a> {
        Standing { key: &principal.key, name: &self.name, generation: self.generation, revoked }
    }

    /// Makes the servers know the account as it stands in this transaction.
    async fn settle(&mut self, mint: &Mint, principal: &Principal, now: OffsetDateTime) -> Result<(), AccessError> {
        let revoked = nats_access::revoked(&mut self.tx, now).await?;
        Ok(mint.settle(self.standing(principal, revoked), now.unix_timestamp()).await?)
    }
}
