//! The id under which a request stands in logs and answers.

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, request::Parts},
};

use crate::error::{ApiError, Code};

/// The header that carries it, both ways.
pub(super) const HEADER: &str = "x-request-id";

/// Longest id that is taken from a client.
const MAX: usize = 128;

/// The id of a request: the client's own, where it is sane.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RequestId(pub(crate) String);

impl RequestId {
    /// The id that the client chose; `None` where it chose none, or one that could forge a log line.
    pub(super) fn sent(headers: &HeaderMap) -> Option<Self> {
        let text = headers.get(HEADER)?.to_str().ok()?;
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b':');
        let sane = (1..=MAX).contains(&text.len()) && text.bytes().all(plain);
        sane.then(|| Self(text.to_owned()))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for RequestId {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, ApiError> {
        let id = parts.extensions.get::<Self>().cloned();
        id.ok_or_else(|| ApiError::new(Code::Internal, "the request has no id"))
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    fn sent(text: &str) -> Option<String> {
        let mut headers = HeaderMap::new();
        headers.insert(HEADER, text.parse().unwrap());
        RequestId::sent(&headers).map(|id| id.0)
    }

    #[test]
    fn only_plain_short_ids_are_taken() {
        assert_eq!(sent("a-1_b.c:d").as_deref(), Some("a-1_b.c:d"));
        for bad in ["", "a b", "a\"b", "a{b}", &"x".repeat(MAX + 1)] {
            assert_eq!(sent(bad), None, "{bad:?}");
        }
        assert_eq!(RequestId::sent(&HeaderMap::new()), None);
    }
}
