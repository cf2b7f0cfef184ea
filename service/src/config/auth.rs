//! `[auth]`

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{IssuerConfig, Millis, findings::Findings};

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
    /// Seconds that a key lasts when whoever makes it names no end.
    pub key_ttl_seconds: u64,
    /// Most seconds that a key may last.
    pub key_max_ttl_seconds: u64,
    /// Most seconds for which the former secret of a key may hold beside the new one.
    pub key_max_overlap_seconds: u64,
    /// Keys that a tenant may have at the same time; more are refused with 409.
    pub max_keys_per_tenant: u32,
    /// Seconds for which a key that held is believed while Postgres cannot be asked; it may have been taken back at another
    /// gateway meanwhile.
    pub key_outage_seconds: u64,
    /// OpenID Connect providers whose tokens are taken besides those of `issuer`; see docs/identity.md.
    pub issuers: Vec<IssuerConfig>,
    /// Seconds after which the keys of a provider are asked for again.
    pub jwks_refresh_seconds: u64,
    /// Least seconds between two times that they are asked for, whatever keys tokens name.
    pub jwks_retry_seconds: u64,
    /// Seconds for which they are believed while the provider does not answer.
    pub jwks_max_age_seconds: u64,
    /// Longest wait for them, in milliseconds.
    pub jwks_timeout_ms: Millis,
    /// Largest answer of a provider that is read, in bytes.
    pub jwks_max_bytes: usize,
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
            key_ttl_seconds: 90 * 86_400,
            key_max_ttl_seconds: 366 * 86_400,
            key_max_overlap_seconds: 7 * 86_400,
            max_keys_per_tenant: 100,
            key_outage_seconds: 300,
            issuers: Vec::new(),
            jwks_refresh_seconds: 300,
            jwks_retry_seconds: 10,
            jwks_max_age_seconds: 86_400,
            jwks_timeout_ms: Millis::new(5_000),
            jwks_max_bytes: 256 * 1024,
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
        to.range("key_max_ttl_seconds", self.key_max_ttl_seconds, 60..=10 * 31_622_400);
        to.range("key_ttl_seconds", self.key_ttl_seconds, 60..=self.key_max_ttl_seconds.max(60));
        to.range("key_max_overlap_seconds", self.key_max_overlap_seconds, 0..=31_622_400);
        to.range("max_keys_per_tenant", self.max_keys_per_tenant, 1..=100_000);
        to.range("key_outage_seconds", self.key_outage_seconds, 0..=86_400);
        to.range("jwks_refresh_seconds", self.jwks_refresh_seconds, 1..=86_400);
        to.range("jwks_retry_seconds", self.jwks_retry_seconds, 1..=3_600);
        to.range("jwks_max_age_seconds", self.jwks_max_age_seconds, self.jwks_refresh_seconds..=30 * 86_400);
        to.range("jwks_timeout_ms", self.jwks_timeout_ms.get(), 100..=60_000);
        to.range("jwks_max_bytes", self.jwks_max_bytes, 1_024..=16 << 20);
        for (number, issuer) in self.issuers.iter().enumerate() {
            let at = format!("issuers[{number}]");
            issuer.check(&at, &mut to);
            let others = self.issuers.iter().take(number).map(|other| &other.issuer).chain([&self.issuer]);
            let own = others.into_iter().all(|other| *other != issuer.issuer);
            to.require(&format!("{at}.issuer"), own, "stands twice");
        }
    }
}
