//! `[auth]`

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::findings::Findings;

/// The tokens that clients show.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct AuthConfig {
    /// The `iss` that a token must name.
    pub issuer: String,
    /// The `aud` that a token must name.
    pub audience: String,
    /// File with the issuer's Ed25519 public key (PEM). The gateway needs it.
    pub public_key: Option<PathBuf>,
    /// File with the issuer's Ed25519 private key (PEM). Only `sba token` uses it.
    pub private_key: Option<PathBuf>,
    /// Seconds that `sba token` lets a token live.
    pub token_ttl_seconds: u64,
    /// Seconds by which clocks may differ.
    pub leeway_seconds: u64,
}

impl Default for AuthConfig {
    fn default() -> Self {
        Self {
            issuer: "sba".to_owned(),
            audience: "sba".to_owned(),
            public_key: None,
            private_key: None,
            token_ttl_seconds: 3_600,
            leeway_seconds: 30,
        }
    }
}

impl AuthConfig {
    pub(super) fn check(&self, mut to: Findings<'_>) {
        to.require("issuer", !self.issuer.is_empty(), "is empty");
        to.require("audience", !self.audience.is_empty(), "is empty");
        to.file("public_key", self.public_key.as_deref());
        to.file("private_key", self.private_key.as_deref());
        to.range("token_ttl_seconds", self.token_ttl_seconds, 1..=31_536_000);
        to.range("leeway_seconds", self.leeway_seconds, 0..=300);
    }
}
