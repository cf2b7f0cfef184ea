//! The token of a session: shown beside the JWT by whoever watches a run of that session.

use axum::http::HeaderMap;
use data_encoding::BASE64URL_NOPAD;
use sha2::{Digest, Sha256};

use super::caller::offered;

/// What stands before a session's token in a list of WebSocket subprotocols.
const SESSION_PROTOCOL: &str = "sba.session.";

/// The header that carries a session's token.
const HEADER: &str = "x-session-token";

/// A session's token: 32 random bytes as text. Only its hash is stored.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct SessionToken(String);

impl SessionToken {
    /// Makes a token of these random bytes.
    pub(crate) fn from_random(bytes: [u8; 32]) -> Self {
        Self(BASE64URL_NOPAD.encode(&bytes))
    }

    /// The token that a request shows, in a header or, from a browser, among the WebSocket subprotocols.
    pub(crate) fn shown(headers: &HeaderMap) -> Option<Self> {
        let header = headers.get(HEADER).and_then(|value| value.to_str().ok());
        header.or_else(|| offered(headers, SESSION_PROTOCOL)).map(|token| Self(token.to_owned()))
    }

    /// The token that somebody sent as text.
    pub(crate) const fn sent(text: String) -> Self {
        Self(text)
    }

    /// The token as text, for its owner.
    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }

    /// What is stored of it.
    pub(crate) fn hash(&self) -> [u8; 32] {
        Sha256::digest(self.0.as_bytes()).into()
    }

    /// Whether this is the token that was stored. Hashes are compared, so the time it takes tells nothing of the token.
    pub(crate) fn matches(&self, stored: &[u8; 32]) -> bool {
        self.hash() == *stored
    }
}

impl std::fmt::Debug for SessionToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SessionToken(***)")
    }
}
