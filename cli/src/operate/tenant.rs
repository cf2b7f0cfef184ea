//! A tenant, as an operator names it.

use std::str::FromStr;

use sba_subjects::id::{InvalidId, TenantId, TenantKey};

/// A tenant by its id, as the API and Postgres know it, or by the public key of its NATS account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TenantArg {
    /// By its id.
    Id(TenantId),
    /// By its key, from which the id follows.
    Key(TenantKey),
}

impl TenantArg {
    /// Its id.
    #[must_use]
    pub fn id(&self) -> TenantId {
        match self {
            Self::Id(id) => *id,
            Self::Key(key) => key.id(),
        }
    }

    /// Its key, where it was named by it: NATS can then leave the others out.
    #[must_use]
    pub const fn key(&self) -> Option<&TenantKey> {
        match self {
            Self::Key(key) => Some(key),
            Self::Id(_) => None,
        }
    }
}

impl FromStr for TenantArg {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let neither = |_| InvalidId::new("tenant id or key of an account", text);
        text.parse().map(Self::Id).or_else(|_| text.parse().map(Self::Key)).map_err(neither)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn both_names_mean_the_same_tenant() {
        let key = format!("A{}", "B".repeat(55));
        let by_key: TenantArg = key.parse().unwrap();
        let by_id: TenantArg = by_key.id().to_string().parse().unwrap();
        assert_eq!((by_id.id(), by_id.key()), (by_key.id(), None));
        for none in ["", "acme", &key[1..], &key.to_lowercase()] {
            assert!(none.parse::<TenantArg>().unwrap_err().to_string().contains("tenant id or key"), "{none}");
        }
    }
}
