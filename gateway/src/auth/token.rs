//! Tokens: JWTs signed with Ed25519.

use std::{fmt::Debug, sync::Arc, time::Duration};

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, errors::ErrorKind};
use sba_subjects::{
    id::{TenantId, UserId},
    role::Role,
};
use serde::{Deserialize, Deserializer, Serialize};

use super::remembered::Remembered;

/// Longest token that is looked at, in bytes: far more than any issuer writes.
pub(super) const MAX_TOKEN: usize = 8 * 1024;

/// What a token says. Times are seconds since 1970 (UTC).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Claims {
    /// Who signed it.
    pub iss: String,
    /// For whom.
    pub aud: String,
    /// When it was signed.
    pub iat: u64,
    /// Until when it is good.
    pub exp: u64,
    /// The tenant that its holder acts for; absent for an operator who acts for none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant_id: Option<TenantId>,
    /// The person or service that holds it.
    pub user_id: UserId,
    /// What they may be.
    pub roles: Vec<Role>,
}

/// A token that could not be made, or does not hold.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// The issuer's key is not an Ed25519 key in PEM.
    #[error("the issuer's key is not an Ed25519 key in PEM")]
    Key(#[source] jsonwebtoken::errors::Error),
    /// The token could not be signed.
    #[error("the token could not be signed")]
    Sign(#[source] jsonwebtoken::errors::Error),
    /// It is not a token, or another issuer's, or for another audience, or was altered.
    #[error("the token does not hold")]
    Invalid(#[source] jsonwebtoken::errors::Error),
    /// Its head names what is not taken.
    #[error("the token's head does not hold: {0}")]
    Head(&'static str),
    /// A claim is missing, or says what it must not.
    #[error("the token's claim {0} does not hold")]
    Claim(&'static str),
    /// The issuer's keys cannot be had.
    #[error("the issuer's keys cannot be had")]
    Keys,
    /// It is too long to be looked at.
    #[error("the token is longer than {MAX_TOKEN} bytes")]
    TooLong,
    /// Its time is over.
    #[error("the token has expired")]
    Expired,
    /// Its time has not come.
    #[error("the token is not valid yet")]
    NotYet,
}

/// Signs a token with the issuer's private key, an Ed25519 key in PEM (PKCS#8).
///
/// # Errors
/// [`TokenError::Key`] for another kind of key.
pub fn mint(private_pem: &[u8], claims: &Claims) -> Result<String, TokenError> {
    let key = EncodingKey::from_ed_pem(private_pem).map_err(TokenError::Key)?;
    jsonwebtoken::encode(&Header::new(Algorithm::EdDSA), claims, &key).map_err(TokenError::Sign)
}

/// What the gateway takes from a token. The blueprint's names are read too.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Verified {
    pub(crate) exp: u64,
    #[serde(default)]
    nbf: Option<u64>,
    #[serde(default)]
    iat: Option<u64>,
    #[serde(default, alias = "tenantId")]
    pub(crate) tenant_id: Option<TenantId>,
    #[serde(alias = "userId")]
    pub(crate) user_id: UserId,
    #[serde(default, deserialize_with = "known_roles")]
    pub(crate) roles: Vec<Role>,
}

/// Issuers write roles for other systems into the same claim: those are passed over.
fn known_roles<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Role>, D::Error> {
    let words = Vec::<String>::deserialize(deserializer)?;
    Ok(words.iter().filter_map(|word| word.parse().ok()).collect())
}

/// Checks tokens against the issuer's public key.
#[derive(Clone)]
pub(crate) struct Verifier {
    key: DecodingKey,
    rules: Validation,
    leeway: u64,
    known: Arc<Remembered<Verified>>,
}

/// Goes on only while a token is good: by clocks that may differ by `leeway`. All are seconds since 1970 (UTC).
///
/// # Errors
/// [`TokenError::Expired`], [`TokenError::NotYet`].
pub(super) fn in_time(
    (now, leeway): (u64, u64),
    exp: u64,
    nbf: Option<u64>,
    iat: Option<u64>,
) -> Result<(), TokenError> {
    if exp.saturating_add(leeway) <= now {
        return Err(TokenError::Expired);
    }
    let latest = now.saturating_add(leeway);
    if nbf.is_some_and(|from| from > latest) || iat.is_some_and(|made| made > latest) {
        return Err(TokenError::NotYet);
    }
    Ok(())
}

impl Verifier {
    /// From the issuer's public key (PEM), its name, the audience that tokens must be for, and by how much clocks may
    /// differ.
    pub(crate) fn new(public_pem: &[u8], issuer: &str, audience: &str, leeway: Duration) -> Result<Self, TokenError> {
        let key = DecodingKey::from_ed_pem(public_pem).map_err(TokenError::Key)?;
        let mut rules = Validation::new(Algorithm::EdDSA);
        rules.set_issuer(&[issuer]);
        rules.set_audience(&[audience]);
        rules.set_required_spec_claims(&["exp", "iss", "aud"]);
        // Times are compared below, with the clock that the caller passes.
        rules.validate_exp = false;
        Ok(Self { key, rules, leeway: leeway.as_secs(), known: Arc::default() })
    }

    /// Checks a token; `now` counts seconds since 1970 (UTC).
    ///
    /// The signature is looked at once, the times always.
    pub(crate) fn verify(&self, token: &str, now: u64) -> Result<Verified, TokenError> {
        if token.len() > MAX_TOKEN {
            return Err(TokenError::TooLong);
        }
        let verified = self.signed(token)?;
        in_time((now, self.leeway), verified.exp, verified.nbf, verified.iat)?;
        Ok(verified)
    }

    /// What a token says, if its signature and all but its times hold.
    fn signed(&self, token: &str) -> Result<Verified, TokenError> {
        if let Some(verified) = self.known.get(token) {
            return Ok(verified);
        }
        let verified = jsonwebtoken::decode::<Verified>(token, &self.key, &self.rules).map_err(invalid)?.claims;
        self.known.keep(token, verified.clone());
        Ok(verified)
    }
}

impl Debug for Verifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Verifier").field("rules", &self.rules).finish_non_exhaustive()
    }
}

fn invalid(error: jsonwebtoken::errors::Error) -> TokenError {
    match error.kind() {
        ErrorKind::ExpiredSignature => TokenError::Expired,
        _ => TokenError::Invalid(error),
    }
}

#[cfg(test)]
mod tests;
