//! Keys of a tenant's machines, as text.
//!
//! `sba_<tenant>_<key>_<secret>`: the ids in hexadecimal, then 32 random bytes and a checksum over all of it in base 32. The
//! ids say where to look the key up; the form and the checksum let a scanner of secrets and a gateway tell a key from
//! anything else, without asking anybody.

mod known;

use data_encoding::BASE32_NOPAD;
use sba_store::api_keys::SecretHash;
use sba_subjects::id::{ApiKeyId, TenantId};
use sha2::{Digest, Sha256};
use uuid::Uuid;

pub(crate) use self::known::{ApiKeys, Held};

/// What every key begins with.
const PREFIX: &str = "sba_";

/// Bytes of a secret, and of the checksum behind it.
const SECRET: usize = 32;
const CHECKSUM: usize = 4;

/// A key's text, taken apart.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct ApiKeyText {
    /// The tenant that it says it is of.
    pub(crate) tenant: TenantId,
    /// The key that it says it is.
    pub(crate) id: ApiKeyId,
    secret: [u8; SECRET],
}

impl ApiKeyText {
    /// A key with this secret, which must be random.
    pub(crate) const fn new(tenant: TenantId, id: ApiKeyId, secret: [u8; SECRET]) -> Self {
        Self { tenant, id, secret }
    }

    /// Whether a text says that it is a key.
    pub(crate) fn is_meant(text: &str) -> bool {
        text.starts_with(PREFIX)
    }

    /// Takes a key apart; `None` for what is none, or was mistyped.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut parts = text.strip_prefix(PREFIX)?.split('_');
        let (tenant, id, tail) = (parts.next()?, parts.next()?, parts.next()?);
        // One spelling for each key: neither capitals nor hyphens.
        if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
            return None;
        }
        let id_of = |text: &str| text.parse().ok().filter(|id: &Uuid| id.simple().to_string() == text);
        let (tenant, id) = (id_of(tenant)?, id_of(id)?);
        let tail = BASE32_NOPAD.decode(tail.to_ascii_uppercase().as_bytes()).ok()?;
        let (secret, checksum) = tail.split_at_checked(SECRET)?;
        let secret = secret.try_into().ok()?;
        let key = Self::new(TenantId::from_uuid(tenant), ApiKeyId::from_uuid(id), secret);
        (parts.next().is_none() && key.checksum() == checksum).then_some(key)
    }

    /// The key as text, for its holder.
    pub(crate) fn reveal(&self) -> String {
        let tail = [&self.secret[..], &self.checksum()].concat();
        let tail = BASE32_NOPAD.encode(&tail).to_ascii_lowercase();
        format!("{}{tail}", self.head())
    }

    /// What is stored of the secret.
    pub(crate) fn hash(&self) -> SecretHash {
        Sha256::digest(self.secret).into()
    }

    fn head(&self) -> String {
        format!("{PREFIX}{}_{}_", self.tenant.as_uuid().simple(), self.id.as_uuid().simple())
    }

    fn checksum(&self) -> [u8; CHECKSUM] {
        let digest = Sha256::new().chain_update(self.head()).chain_update(self.secret).finalize();
        [digest[0], digest[1], digest[2], digest[3]]
    }
}

impl std::fmt::Debug for ApiKeyText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}***", self.head())
    }
}

#[cfg(test)]
mod tests;
