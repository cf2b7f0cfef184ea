//! The operator: the one key that every server trusts.

use nkeys::{KeyPair, KeyPairType};
use serde::Serialize;
use serde_json::{Map, Value};

use super::account::Account;
use super::error::AccountsError;
use super::jwt::{self, Claims};
use super::lookup::Known;

/// The key that vouches for accounts. Whoever holds its seed can mint any tenant.
#[derive(Debug)]
pub struct Operator {
    key: KeyPair,
}

#[derive(Serialize)]
struct OperatorBody<'a> {
    system_account: &'a str,
}

impl Operator {
    /// Makes a new operator from the operating system's randomness.
    #[must_use]
    pub fn generate() -> Self {
        Self { key: KeyPair::new_operator() }
    }

    /// Reads an operator from its seed (`SO…`).
    ///
    /// # Errors
    /// When the text is no seed, or the seed of another kind of key.
    pub fn from_seed(seed: &str) -> Result<Self, AccountsError> {
        let key = KeyPair::from_seed(seed.trim()).map_err(AccountsError::key("operator"))?;
        if key.key_pair_type() != KeyPairType::Operator {
            return Err(AccountsError::Key { kind: "operator", source: None });
        }
        Ok(Self { key })
    }

    /// The seed, to be kept where only the gateway can read it.
    ///
    /// # Errors
    /// Never for an operator made by this type; the key library's signature allows it.
    pub fn seed(&self) -> Result<String, AccountsError> {
        self.key.seed().map_err(AccountsError::key("operator"))
    }

    /// The operator's own token, which a server's configuration names as `operator`.
    ///
    /// `system_account` is the public key of the account that may push claims; `issued_at` counts seconds since 1970.
    ///
    /// # Errors
    /// When the claims cannot be encoded or signed.
    pub fn token(&self, name: &str, system_account: &str, issued_at: i64) -> Result<String, AccountsError> {
        let public = self.key.public_key();
        Claims::new("operator", &public, name, issued_at, OperatorBody { system_account }).sign(&self.key)
    }

    /// The claims of a token that this operator signed; `None` for anything else.
    pub(super) fn read(&self, token: &str) -> Option<Map<String, Value>> {
        jwt::read(token, &self.key)
    }

    /// The token of an account that was found on the servers and changed since.
    ///
    /// # Errors
    /// When the claims cannot be encoded or signed.
    pub fn sign_known(&self, known: Known, issued_at: i64) -> Result<String, AccountsError> {
        jwt::sign_again(known.0, issued_at, &self.key)
    }

    /// What the token of an account says besides who it is and when it was signed.
    pub(crate) fn claims_of(account: &Account) -> Result<Value, AccountsError> {
        let claims = Claims::new("account", account.key(), account.name(), 0, account.body());
        Ok(serde_json::to_value(claims)?)
    }

    /// The token of an account, as the servers take it. Signing the same account again with a later `issued_at`
    /// (seconds since 1970) and other limits replaces what the servers knew.
    ///
    /// # Errors
    /// When the claims cannot be encoded or signed.
    pub fn sign_account(&self, account: &Account, issued_at: i64) -> Result<String, AccountsError> {
        Claims::new("account", account.key(), account.name(), issued_at, account.body()).sign(&self.key)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn a_seed_gives_the_same_operator_and_other_seeds_are_refused() {
        let operator = Operator::generate();
        let again = Operator::from_seed(&format!("{}\n", operator.seed().unwrap())).unwrap();
        assert_eq!(operator.key.public_key(), again.key.public_key());

        let account = KeyPair::new_account().seed().unwrap();
        for wrong in [account.as_str(), "", "SO", "no seed at all"] {
            assert_eq!(Operator::from_seed(wrong).unwrap_err().code(), "nats_key_invalid", "{wrong}");
        }
    }
}
