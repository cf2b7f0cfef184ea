//! The keys of a provider, as RFC 7517 writes them.

use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Deserialize;
use serde_json::Value;

/// Most keys of a provider that are looked at.
const MAX_KEYS: usize = 64;

/// The keys of a provider that tokens may be signed with.
#[derive(Debug, Clone, Default)]
pub(super) struct KeySet(Vec<Key>);

/// One of them.
#[derive(Debug, Clone)]
struct Key {
    id: Option<String>,
    kind: Kind,
    /// The only algorithm that it is for, where it says so.
    only: Option<String>,
    key: DecodingKey,
}

/// What a key is, hence which signatures it can check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Rsa,
    P256,
    Ed25519,
}

/// A key as it is written.
#[derive(Deserialize)]
struct Written {
    kty: String,
    kid: Option<String>,
    #[serde(rename = "use")]
    usage: Option<String>,
    key_ops: Option<Vec<String>>,
    alg: Option<String>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

impl KeySet {
    /// Reads a set. Keys of kinds that are not known here, for another use, or that are broken, are passed over.
    ///
    /// # Errors
    /// When it is no set of keys at all.
    pub(super) fn parse(json: &[u8]) -> Result<Self, serde_json::Error> {
        #[derive(Deserialize)]
        struct Set {
            keys: Vec<Value>,
        }
        let set: Set = serde_json::from_slice(json)?;
        let written = set.keys.into_iter().take(MAX_KEYS).filter_map(|key| serde_json::from_value(key).ok());
        Ok(Self(written.filter_map(Key::of).collect()))
    }

    /// The key for a signature of this kind that a token names; where it names none, the only one there is.
    pub(super) fn find(&self, id: Option<&str>, algorithm: Algorithm) -> Option<&DecodingKey> {
        let mut fitting =
            self.0.iter().filter(|key| key.checks(algorithm) && (id.is_none() || key.id.as_deref() == id));
        match (fitting.next(), fitting.next()) {
            (Some(key), None) => Some(&key.key),
            // Two keys of one name: nobody knows which is meant.
            _ => None,
        }
    }
}

impl Key {
    fn of(written: Written) -> Option<Self> {
        let signs = written.usage.as_deref().is_none_or(|usage| usage == "sig")
            && written.key_ops.is_none_or(|ops| ops.iter().any(|op| op == "verify"));
        let (kind, key) = match (written.kty.as_str(), written.crv.as_deref()) {
            ("RSA", None) => (Kind::Rsa, DecodingKey::from_rsa_components(&written.n?, &written.e?)),
            ("EC", Some("P-256")) => (Kind::P256, DecodingKey::from_ec_components(&written.x?, &written.y?)),
            ("OKP", Some("Ed25519")) => (Kind::Ed25519, DecodingKey::from_ed_components(&written.x?)),
            _ => return None,
        };
        signs.then_some(Self { id: written.kid, kind, only: written.alg, key: key.ok()? })
    }

    fn checks(&self, algorithm: Algorithm) -> bool {
        let (name, kind) = match algorithm {
            Algorithm::RS256 => ("RS256", Kind::Rsa),
            Algorithm::PS256 => ("PS256", Kind::Rsa),
            Algorithm::ES256 => ("ES256", Kind::P256),
            Algorithm::EdDSA => ("EdDSA", Kind::Ed25519),
            _ => return false,
        };
        // RFC 9864 has a name of its own for EdDSA on this curve.
        let meant = |only: &str| only == name || (only == "Ed25519" && kind == Kind::Ed25519);
        self.kind == kind && self.only.as_deref().is_none_or(meant)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use serde_json::json;

    use super::*;

    fn set(keys: &[Value]) -> KeySet {
        KeySet::parse(json!({ "keys": keys }).to_string().as_bytes()).unwrap()
    }

    fn rsa(more: Value) -> Value {
        let mut key = json!({"kty": "RSA", "kid": "a", "n": "AQAB", "e": "AQAB"});
        key.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        key
    }

    #[test]
    fn a_key_checks_signatures_of_its_kind_alone() {
        let keys = set(&[
            rsa(json!({})),
            json!({"kty": "EC", "kid": "b", "crv": "P-256", "x": "AA", "y": "AA"}),
            json!({"kty": "OKP", "kid": "c", "crv": "Ed25519", "x": "AA"}),
        ]);
        for (id, fits) in [
            ("a", vec![Algorithm::RS256, Algorithm::PS256]),
            ("b", vec![Algorithm::ES256]),
            ("c", vec![Algorithm::EdDSA]),
        ] {
            for algorithm in [
                Algorithm::HS256,
                Algorithm::RS256,
                Algorithm::RS512,
                Algorithm::PS256,
                Algorithm::ES256,
                Algorithm::ES384,
                Algorithm::EdDSA,
            ] {
                assert_eq!(keys.find(Some(id), algorithm).is_some(), fits.contains(&algorithm), "{id} {algorithm:?}");
            }
        }
    }

    #[test]
    fn keys_for_another_use_or_of_another_kind_are_passed_over() {
        for other in [
            rsa(json!({"use": "enc"})),
            rsa(json!({"key_ops": ["encrypt"]})),
            rsa(json!({"alg": "RS512"})),
            rsa(json!({"alg": "RSA-OAEP"})),
            rsa(json!({"n": "!"})),
            rsa(json!({"n": null})),
            rsa(json!({"kty": "oct", "k": "AA"})),
            json!({"kty": "EC", "kid": "a", "crv": "P-384", "x": "AA", "y": "AA"}),
            json!({"kty": "OKP", "kid": "a", "crv": "X25519", "x": "AA"}),
            json!("key"),
        ] {
            let keys = set(std::slice::from_ref(&other));
            for algorithm in [Algorithm::RS256, Algorithm::ES256, Algorithm::EdDSA] {
                assert!(keys.find(Some("a"), algorithm).is_none(), "{other}");
            }
            assert!(set(&[other, rsa(json!({}))]).find(Some("a"), Algorithm::RS256).is_some(), "the rest is read");
        }
        assert!(KeySet::parse(b"{}").is_err() && KeySet::parse(b"[]").is_err());
    }

    #[test]
    fn a_token_that_names_no_key_is_checked_by_the_only_one() {
        assert!(set(&[rsa(json!({}))]).find(None, Algorithm::RS256).is_some());
        let two = set(&[rsa(json!({})), rsa(json!({"kid": "b"}))]);
        assert!(two.find(None, Algorithm::RS256).is_none());
        assert!(two.find(Some("b"), Algorithm::RS256).is_some());
        let twice = set(&[rsa(json!({})), rsa(json!({}))]);
        assert!(twice.find(Some("a"), Algorithm::RS256).is_none(), "two of one name");
    }
}
