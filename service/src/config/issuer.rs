//! `[[auth.issuers]]`

use std::collections::BTreeMap;

use sba_subjects::role::Role;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::findings::Findings;

/// An OpenID Connect provider whose tokens are taken.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct IssuerConfig {
    /// The `iss` that its tokens name, to the letter; an address. Where its keys are is asked there, unless `jwks_url` says.
    pub issuer: String,
    /// Whom its tokens must be for: one of these must stand in `aud`.
    pub audiences: Vec<String>,
    /// The clients that its tokens may be made for: one of these must be the `azp` of a token that names one, and of a token
    /// for several audiences. Empty: any, and no token for several audiences.
    pub clients: Vec<String>,
    /// How its tokens may be signed.
    pub algorithms: Vec<TokenAlgorithm>,
    /// Where its keys are, instead of where its discovery document says.
    pub jwks_url: Option<String>,
    /// The claim that names the tenant: a path such as `org.id`, a name that is an address, or a JSON pointer such as
    /// `/org/id`.
    pub tenant_claim: String,
    /// Whether a tenant claim that is a UUID is SBA's own id of a tenant. Only for an issuer that speaks for every tenant of
    /// the installation; otherwise it speaks for those that were given one of its names (`external_ids`).
    pub tenants_by_id: bool,
    /// The claim that names the user.
    pub user_claim: String,
    /// The claim that names the roles: a list, or one text with spaces between them.
    pub roles_claim: String,
    /// What the provider's roles are called here, e.g. `{"org:admin" = "tenant_admin"}`. Empty: the same. Others are passed
    /// over.
    #[schemars(with = "BTreeMap<String, String>")]
    pub roles: BTreeMap<String, Role>,
    /// The role of somebody whose token names none.
    #[schemars(with = "Option<String>")]
    pub default_role: Option<Role>,
    /// Whether its tokens may make somebody an operator of the installation.
    pub may_operate: bool,
}

/// How a token is signed: by a key of which the public half alone is known here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum TokenAlgorithm {
    /// RSA, PKCS#1 v1.5, SHA-256.
    RS256,
    /// RSA, PSS, SHA-256.
    PS256,
    /// ECDSA on P-256, SHA-256.
    ES256,
    /// Ed25519.
    EdDSA,
}

impl Default for IssuerConfig {
    fn default() -> Self {
        Self {
            issuer: String::new(),
            audiences: Vec::new(),
            clients: Vec::new(),
            algorithms: vec![TokenAlgorithm::RS256, TokenAlgorithm::ES256, TokenAlgorithm::EdDSA],
            jwks_url: None,
            tenant_claim: "tenant_id".to_owned(),
            tenants_by_id: false,
            user_claim: "sub".to_owned(),
            roles_claim: "roles".to_owned(),
            roles: BTreeMap::new(),
            default_role: None,
            may_operate: false,
        }
    }
}

impl IssuerConfig {
    pub(super) fn check(&self, at: &str, to: &mut Findings<'_>) {
        let field = |name: &str| format!("{at}.{name}");
        address(to, &field("issuer"), &self.issuer);
        if let Some(url) = &self.jwks_url {
            address(to, &field("jwks_url"), url);
        }
        to.require(
            &field("audiences"),
            !self.audiences.is_empty(),
            "is empty: a token for somebody else would be taken",
        );
        to.require(&field("algorithms"), !self.algorithms.is_empty(), "is empty");
        for (name, claim) in
            [("tenant_claim", &self.tenant_claim), ("user_claim", &self.user_claim), ("roles_claim", &self.roles_claim)]
        {
            let path = claim.starts_with('/') || claim.contains("://") || claim.split('.').all(|key| !key.is_empty());
            to.require(&field(name), path, "is no path of a claim, such as org.id or /org/id");
        }
        let operates = self.roles.values().chain(&self.default_role).any(|role| *role == Role::Operator);
        let problem = "makes somebody an operator, which takes may_operate = true";
        to.require(&field("roles"), !operates || self.may_operate, problem);
        to.require(&field("default_role"), self.default_role != Some(Role::Operator), "makes everybody an operator");
    }
}

/// Keys must come from where nobody between can change them: over TLS, or from this machine.
fn address(to: &mut Findings<'_>, field: &str, url: &str) {
    let local = ["http://127.0.0.1", "http://localhost", "http://[::1]"]
        .iter()
        .any(|local| url.strip_prefix(local).is_some_and(|rest| rest.is_empty() || rest.starts_with([':', '/'])));
    if !local {
        to.scheme(field, url, &["https://"]);
    }
    to.require(field, !url.contains(['@', '?', '#', ' ']), "has more than a host and a path");
}
