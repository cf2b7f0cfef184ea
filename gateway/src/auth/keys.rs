//! Key pairs of a token issuer, for development and tests.

use aws_lc_rs::{
    encoding::AsDer,
    signature::{Ed25519KeyPair, KeyPair as _},
};

/// An Ed25519 key pair, as two PEM files hold it.
pub struct KeyPair {
    /// PKCS#8, for `auth.private_key`. A secret.
    pub private_pem: String,
    /// SubjectPublicKeyInfo, for `auth.public_key`.
    pub public_pem: String,
}

/// No key pair could be made.
#[derive(Debug, thiserror::Error)]
#[error("no key pair could be made")]
pub struct KeyError(#[from] aws_lc_rs::error::Unspecified);

impl KeyPair {
    /// Makes a key pair from the operating system's randomness.
    ///
    /// # Errors
    /// When the operating system gives no randomness.
    pub fn generate() -> Result<Self, KeyError> {
        let pair = Ed25519KeyPair::generate()?;
        let private = pair.to_pkcs8v1()?;
        let public = pair.public_key().as_der()?;
        Ok(Self {
            private_pem: armour("PRIVATE KEY", private.as_ref()),
            public_pem: armour("PUBLIC KEY", public.as_ref()),
        })
    }
}

impl std::fmt::Debug for KeyPair {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "KeyPair({:?}, ***)", self.public_pem)
    }
}

fn armour(label: &str, der: &[u8]) -> String {
    let text = data_encoding::BASE64.encode(der);
    format!("-----BEGIN {label}-----\n{text}\n-----END {label}-----\n")
}
