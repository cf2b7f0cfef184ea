//! `/api/v1/nats`: letting a tenant's clients onto NATS.

mod issue;
mod revoke;
mod scope;

use sba_store::{StoreError, TenantTx, audit::Actor, nats_access, tenants};
use sba_subjects::{caller::CallerKey, id::UserId};
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

/// Takes back what was given on a user's behalf, in this transaction, which is committed first: commands are refused from
/// then on, whether or not the servers can be told now. Whoever is connected is disconnected.
///
/// # Errors
/// `unavailable` where the servers could not be told: the same again tells them.
pub(super) async fn put_out(
    app: &App,
    principal: &Principal,
    mut tx: TenantTx,
    user: UserId,
    actor: &Actor,
) -> Result<(), ApiError> {
    let now = app.clock.now();
    nats_access::lock(&mut tx).await?;
    nats_access::revoke_of(&mut tx, user, now, actor).await?;
    let nobody = nats_access::revoked(&mut tx, now).await?.is_empty();
    tx.commit().await?;
    let Some(mint) = app.mint.as_ref().filter(|_| !nobody) else { return Ok(()) };
    let mut locked = Locked::of(app, principal).await?;
    locked.settle(mint, principal, now).await?;
    Ok(locked.tx.commit().await?)
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
