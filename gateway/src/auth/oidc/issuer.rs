//! One issuer: what its tokens must keep to, and what they say here.

use std::{collections::BTreeMap, sync::Arc};

use data_encoding::BASE64URL_NOPAD;
use jsonwebtoken::{Algorithm, Validation};
use sba_service::config::{AuthConfig, IssuerConfig, TokenAlgorithm};
use sba_subjects::{
    id::{TenantId, UserId},
    role::Role,
};
use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

use super::{
    claims::{ClaimPath, seconds, texts},
    fetch::FetchError,
    keyring::{Keyring, NoKey},
};
use crate::auth::{
    remembered::Remembered,
    token::{MAX_TOKEN, TokenError, in_time},
};

/// An issuer, its rules and its keys.
#[derive(Debug)]
pub(crate) struct Issuer {
    name: Arc<str>,
    rules: Rules,
    ring: Arc<Keyring>,
    /// What tokens say whose signature held, with the edition of the keys that it held by.
    known: Remembered<(u64, Arc<Value>)>,
}

/// What stands in the configuration.
#[derive(Debug)]
struct Rules {
    audiences: Vec<String>,
    clients: Vec<String>,
    algorithms: Vec<Algorithm>,
    tenant: ClaimPath,
    tenants_by_id: bool,
    user: ClaimPath,
    roles: ClaimPath,
    names: BTreeMap<String, Role>,
    default_role: Option<Role>,
    may_operate: bool,
    leeway: u64,
}

/// What a token of an issuer says, in SBA's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct External {
    pub(crate) tenant: Option<TenantClaim>,
    pub(crate) user: UserId,
    pub(crate) roles: Vec<Role>,
    /// Until when it is good, in seconds since 1970.
    pub(crate) expires: u64,
}

/// How a token names its tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TenantClaim {
    /// By SBA's id.
    Id(TenantId),
    /// By a name that the tenant has at this issuer.
    Name(String),
}

/// The head of a token, as far as it is needed to check the rest.
#[derive(Deserialize)]
struct Head {
    alg: Algorithm,
    kid: Option<String>,
    /// What the reader must understand. Nothing of it is understood here.
    crit: Option<Value>,
}

impl Issuer {
    /// # Errors
    /// As [`Keyring::new`].
    pub(super) fn new(config: &IssuerConfig, auth: &AuthConfig) -> Result<Self, FetchError> {
        let rules = Rules {
            audiences: config.audiences.clone(),
            clients: config.clients.clone(),
            algorithms: config.algorithms.iter().copied().map(algorithm).collect(),
            tenant: ClaimPath::parse(&config.tenant_claim),
            tenants_by_id: config.tenants_by_id,
            user: ClaimPath::parse(&config.user_claim),
            roles: ClaimPath::parse(&config.roles_claim),
            names: config.roles.clone(),
            default_role: config.default_role,
            may_operate: config.may_operate,
            leeway: auth.leeway_seconds,
        };
        let ring = Arc::new(Keyring::new(&config.issuer, config.jwks_url.as_deref(), auth)?);
        Ok(Self { name: config.issuer.as_str().into(), rules, ring, known: Remembered::default() })
    }

    /// The `iss` of its tokens.
    pub(crate) fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// Checks a token that says it is of this issuer; `now` counts seconds since 1970 (UTC).
    ///
    /// # Errors
    /// [`TokenError::Keys`] where the issuer's keys cannot be had, and what stands against the token.
    pub(crate) async fn verify(&self, token: &str, now: u64) -> Result<External, TokenError> {
        if token.len() > MAX_TOKEN {
            return Err(TokenError::TooLong);
        }
        let claims = self.signed(token).await?;
        if claims.get("iss").and_then(Value::as_str) != Some(&self.name) {
            return Err(TokenError::Claim("iss"));
        }
        self.rules.whom(&claims)?;
        let expires = self.rules.when(&claims, now)?;
        Ok(External {
            tenant: self.rules.tenant(&claims)?,
            user: self.user(&claims)?,
            roles: self.rules.roles(&claims),
            expires,
        })
    }

    /// What a token says, if its signature holds by a key that the issuer has now.
    async fn signed(&self, token: &str) -> Result<Arc<Value>, TokenError> {
        let head = token.split('.').next().unwrap_or_default();
        let head = BASE64URL_NOPAD.decode(head.as_bytes()).map_err(|_| TokenError::Head("no base 64"))?;
        let head: Head = serde_json::from_slice(&head).map_err(|_| TokenError::Head("alg is none that is known"))?;
        if head.crit.is_some() {
            return Err(TokenError::Head("crit names what is not understood"));
        }
        if !self.rules.algorithms.contains(&head.alg) {
            return Err(TokenError::Head("alg is not allowed"));
        }
        let found = self.ring.key(head.kid.as_deref(), head.alg).await.map_err(|no| match no {
            NoKey::Unknown => TokenError::Head("kid is no key of the issuer for this alg"),
            NoKey::Unavailable => TokenError::Keys,
        })?;
        if let Some((edition, claims)) = self.known.get(token)
            && edition == found.edition
        {
            return Ok(claims);
        }
        let mut check = Validation::new(head.alg);
        // The claims are compared by the rules, with the clock that the caller passes.
        (check.validate_exp, check.validate_aud) = (false, false);
        check.required_spec_claims.clear();
        let claims = jsonwebtoken::decode::<Value>(token, &found.key, &check).map_err(TokenError::Invalid)?.claims;
        let claims = Arc::new(claims);
        self.known.keep(token, (found.edition, Arc::clone(&claims)));
        Ok(claims)
    }

    /// The user: the id that the claim is, or one that is made of it, the same for ever.
    fn user(&self, claims: &Value) -> Result<UserId, TokenError> {
        let subject = self.rules.user.of(claims).and_then(Value::as_str).filter(|subject| !subject.is_empty());
        let subject = subject.ok_or(TokenError::Claim("the user"))?;
        let issuer = Uuid::new_v5(&Uuid::NAMESPACE_URL, self.name.as_bytes());
        let id = Uuid::try_parse(subject).unwrap_or_else(|_| Uuid::new_v5(&issuer, subject.as_bytes()));
        Ok(UserId::from_uuid(id))
    }
}

impl Rules {
    /// For whom a token is: an audience that is configured. One for several was made to be passed on, so it must say for which
    /// client.
    fn whom(&self, claims: &Value) -> Result<(), TokenError> {
        let audiences = match claims.get("aud") {
            Some(Value::String(one)) => vec![one.as_str()],
            Some(Value::Array(several)) if several.iter().all(Value::is_string) => {
                several.iter().filter_map(Value::as_str).collect()
            }
            _ => return Err(TokenError::Claim("aud")),
        };
        if !audiences.iter().any(|audience| self.audiences.iter().any(|ours| ours == audience)) {
            return Err(TokenError::Claim("aud"));
        }
        match claims.get("azp") {
            None if audiences.len() == 1 => Ok(()),
            Some(Value::String(_)) if audiences.len() == 1 && self.clients.is_empty() => Ok(()),
            Some(Value::String(client)) if self.clients.contains(client) => Ok(()),
            _ => Err(TokenError::Claim("azp")),
        }
    }

    /// Until when a token is good that is good now.
    fn when(&self, claims: &Value, now: u64) -> Result<u64, TokenError> {
        let moment = |name: &'static str| match claims.get(name) {
            None => Ok(None),
            Some(value) => seconds(value).map(Some).ok_or(TokenError::Claim(name)),
        };
        let expires = moment("exp")?.ok_or(TokenError::Claim("exp"))?;
        in_time((now, self.leeway), expires, moment("nbf")?, moment("iat")?)?;
        Ok(expires)
    }

    fn tenant(&self, claims: &Value) -> Result<Option<TenantClaim>, TokenError> {
        match self.tenant.of(claims) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) if !text.is_empty() => {
                let id = if self.tenants_by_id { Uuid::try_parse(text).ok() } else { None };
                let name = || TenantClaim::Name(text.clone());
                Ok(Some(id.map_or_else(name, |id| TenantClaim::Id(TenantId::from_uuid(id)))))
            }
            Some(_) => Err(TokenError::Claim("the tenant")),
        }
    }

    /// The roles that a token gives, by the names that they have here.
    fn roles(&self, claims: &Value) -> Vec<Role> {
        let words = self.roles.of(claims).map(texts).unwrap_or_default();
        let named = |word: &str| match self.names.is_empty() {
            true => word.parse().ok(),
            false => self.names.get(word).copied(),
        };
        let allowed = |role: &Role| *role != Role::Operator || self.may_operate;
        let mut roles: Vec<Role> = words.into_iter().filter_map(named).filter(allowed).collect();
        if roles.is_empty() {
            roles.extend(self.default_role.filter(allowed));
        }
        roles
    }
}

const fn algorithm(configured: TokenAlgorithm) -> Algorithm {
    match configured {
        TokenAlgorithm::RS256 => Algorithm::RS256,
        TokenAlgorithm::PS256 => Algorithm::PS256,
        TokenAlgorithm::ES256 => Algorithm::ES256,
        TokenAlgorithm::EdDSA => Algorithm::EdDSA,
    }
}

#[cfg(test)]
mod tests;
