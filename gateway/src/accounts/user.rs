//! Users of an account, and the credentials file by which clients log in.

use nkeys::{KeyPair, KeyPairType};
use sba_subjects::{
    boundary::{Permissions, Scope},
    caller::CallerKey,
    id::TenantKey,
};
use serde::Serialize;

use super::error::AccountsError;
use super::jwt::Claims;

/// What a client needs to log in: the user's token and the seed that proves it is theirs. A secret.
#[derive(Clone)]
pub struct Credentials {
    token: String,
    seed: String,
}

#[derive(Serialize)]
struct UserBody<'a> {
    subs: i64,
    data: i64,
    payload: i64,
    issuer_account: &'a str,
    #[serde(rename = "pub", skip_serializing_if = "Option::is_none")]
    publish: Option<Allowed>,
    #[serde(rename = "sub", skip_serializing_if = "Option::is_none")]
    subscribe: Option<Allowed>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    allowed_connection_types: &'a [&'a str],
}

#[derive(Serialize)]
struct Allowed {
    allow: Vec<String>,
}

/// How a tenant's clients may connect: no leaf node, which would bring a whole account of its own.
const CONNECTIONS: [&str; 2] = ["STANDARD", "WEBSOCKET"];

/// A user of a tenant's account that is to be made.
#[derive(Debug)]
pub(crate) struct TenantUser<'a> {
    /// The tenant.
    pub(crate) tenant: &'a TenantKey,
    /// What signs the tenant's users.
    pub(crate) signing: &'a KeyPair,
    /// On whose behalf it acts, for the servers' reports.
    pub(crate) name: &'a str,
    /// What it is for.
    pub(crate) scopes: &'a [Scope],
    /// From when to when it holds, in seconds since 1970.
    pub(crate) issued_at: i64,
    pub(crate) expires_at: i64,
}

impl Credentials {
    pub(super) fn mint(
        account: &str,
        signing_seed: &str,
        name: &str,
        issued_at: i64,
        expires_at: Option<i64>,
    ) -> Result<Self, AccountsError> {
        let issuer = KeyPair::from_seed(signing_seed.trim()).map_err(AccountsError::key("account"))?;
        if issuer.key_pair_type() != KeyPairType::Account {
            return Err(AccountsError::Key { kind: "account", source: None });
        }
        let user = KeyPair::new_user();
        let public = user.public_key();
        // What a user may use is limited by its account; -1 leaves it at that.
        let body = UserBody {
            subs: -1,
            data: -1,
            payload: -1,
            issuer_account: account,
            publish: None,
            subscribe: None,
            allowed_connection_types: &[],
        };
        let mut claims = Claims::new("user", &public, name, issued_at, body);
        claims.exp = expires_at;
        let seed = user.seed().map_err(AccountsError::key("user"))?;
        Ok(Self { token: claims.sign(&issuer)?, seed })
    }

    /// A user of a tenant's account who may do what its scopes allow, and nothing else.
    pub(crate) fn of_tenant(user: &TenantUser<'_>) -> Result<(CallerKey, Self), AccountsError> {
        let pair = KeyPair::new_user();
        let public = pair.public_key();
        let caller: CallerKey = public.parse().map_err(|_| AccountsError::Key { kind: "user", source: None })?;
        let Permissions { publish, subscribe } = Permissions::of(user.scopes, user.tenant, &caller);
        let body = UserBody {
            subs: -1,
            data: -1,
            payload: -1,
            issuer_account: user.tenant.as_str(),
            publish: Some(Allowed { allow: publish }),
            subscribe: Some(Allowed { allow: subscribe }),
            allowed_connection_types: &CONNECTIONS,
        };
        let mut claims = Claims::new("user", &public, user.name, user.issued_at, body);
        claims.exp = Some(user.expires_at);
        let seed = pair.seed().map_err(AccountsError::key("user"))?;
        Ok((caller, Self { token: claims.sign(user.signing)?, seed }))
    }

    /// The text of a `.creds` file, as every NATS client reads it.
    #[must_use]
    pub fn to_file(&self) -> String {
        format!(
            "-----BEGIN NATS USER JWT-----\n{}\n------END NATS USER JWT------\n\n\
             -----BEGIN USER NKEY SEED-----\n{}\n------END USER NKEY SEED------\n",
            self.token, self.seed
        )
    }
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Credentials(***)")
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;
    use crate::accounts::{Account, AccountLimits};

    #[test]
    fn credentials_show_their_secret_only_in_the_file() {
        let (account, seed) = Account::generate("t", AccountLimits::tenant()).unwrap();
        let credentials = account.mint_user(&seed, "u", 1, Some(2)).unwrap();
        assert!(credentials.to_file().contains("BEGIN USER NKEY SEED"));
        assert_eq!(format!("{credentials:?}"), "Credentials(***)");
    }

    #[test]
    fn only_an_account_key_mints_users() {
        let (account, _) = Account::generate("t", AccountLimits::tenant()).unwrap();
        let operator = KeyPair::new_operator().seed().unwrap();
        assert_eq!(account.mint_user(&operator, "u", 1, None).unwrap_err().code(), "nats_key_invalid");
    }
}
