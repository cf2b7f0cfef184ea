//! NATS identities in operator mode: the operator, its accounts, their users.
//!
//! A nats-server trusts one operator key. What that key signs is an account; what an account's key signs is a user.
//! SBA mints all three, so a tenant becomes reachable on a running server without touching its configuration:
//! [`Operator::sign_account`] makes the account's token and [`push_account`] hands it to the servers.
//!
//! The token format is JWT with the algorithm `ed25519-nkey`, version 2 of the NATS claims.

mod account;
mod error;
mod jwt;
mod lookup;
mod operator;
mod push;
mod sharing;
mod user;

pub(crate) use self::account::TenantAccount;
pub use self::account::{Account, AccountLimits};
pub use self::error::AccountsError;
pub use self::lookup::{Known, find_account};
pub use self::operator::Operator;
pub use self::push::push_account;
pub(crate) use self::sharing::with_exports;
pub use self::user::Credentials;
pub(crate) use self::user::TenantUser;
