//! Keys that are derived from the operator's seed, each for one purpose.

use aws_lc_rs::hmac;
use nkeys::{KeyPair, KeyPairType, error::Error};
use sba_subjects::id::TenantKey;

use super::AccountError;

/// Names of the keyed hashes that turn an idempotency key into an account, and a tenant into a signing key.
const IDENTITY: &[u8] = b"sba tenant account\0";
const SIGNING: &[u8] = b"sba tenant signing key\0";

/// The derivation of keys from the operator's seed.
#[derive(Debug)]
pub(crate) struct Keys {
    secret: hmac::Key,
}

impl Keys {
    /// From the operator's seed, as text.
    pub(super) fn new(seed: &str) -> Self {
        Self { secret: hmac::Key::new(hmac::HMAC_SHA256, seed.trim().as_bytes()) }
    }

    /// The tenant that stands for an idempotency key, the same from any gateway; a new one without.
    ///
    /// Nothing is ever signed with its identity: accounts are signed by the operator.
    pub(crate) fn identity(&self, idempotency_key: Option<&str>) -> Result<TenantKey, AccountError> {
        let pair = match idempotency_key {
            None => KeyPair::new_account(),
            Some(key) => self.derive(&[IDENTITY, key.as_bytes()].concat())?,
        };
        Ok(pair.public_key().parse()?)
    }

    /// What signs the users of a tenant in this generation.
    pub(super) fn signing(&self, tenant: &TenantKey, generation: u32) -> Result<KeyPair, Error> {
        self.derive(&[SIGNING, tenant.as_str().as_bytes(), b"\0", &generation.to_be_bytes()].concat())
    }

    fn derive(&self, purpose: &[u8]) -> Result<KeyPair, Error> {
        let tag = hmac::sign(&self.secret, purpose);
        let mut seed = [0; 32];
        seed.copy_from_slice(tag.as_ref());
        KeyPair::new_from_raw(KeyPairType::Account, seed)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn what_is_derived_is_the_same_for_the_same_and_for_nothing_else() {
        let (keys, again, other) = (Keys::new("SO1"), Keys::new("SO1\n"), Keys::new("SO2"));
        let tenant = keys.identity(Some("a")).unwrap();
        assert_eq!(again.identity(Some("a")).unwrap(), tenant);
        let signing = |keys: &Keys, tenant, generation| keys.signing(tenant, generation).unwrap().public_key();
        let first = signing(&keys, &tenant, 1);
        assert_eq!(signing(&again, &tenant, 1), first);
        let neighbour = keys.identity(Some("b")).unwrap();
        for key in
            [signing(&keys, &tenant, 2), signing(&other, &tenant, 1), signing(&keys, &neighbour, 1), tenant.to_string()]
        {
            assert_ne!(key, first);
        }
        assert_ne!(keys.identity(None).unwrap(), keys.identity(None).unwrap());
    }
}
