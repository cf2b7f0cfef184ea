//! Idempotency keys: the same request again makes nothing new.

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, request::Parts},
};
use sba_store::{
    StoreError, TenantTx,
    idempotency::{self as keys, Claim, Request},
};
use serde::Serialize;
use sha2::{Digest, Sha256};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    app::App,
    error::{ApiError, Code},
};

/// The header that carries a key.
const HEADER: &str = "idempotency-key";

/// Longest key, in bytes.
const MAX_KEY: usize = 255;

/// How many old keys are removed where a new one is claimed: more go than come, and nobody waits for another.
const TIDY: u32 = 10;

/// The key that a request carries in its header.
#[derive(Debug, Clone)]
pub(crate) struct KeyHeader(Option<String>);

impl<S: Send + Sync> FromRequestParts<S> for KeyHeader {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, ApiError> {
        header(&parts.headers).map(Self)
    }
}

impl KeyHeader {
    /// The key of a request that did not come over HTTP.
    pub(crate) const fn said(key: Option<String>) -> Self {
        Self(key)
    }

    /// The request's key, which may stand in its body instead.
    ///
    /// # Errors
    /// `validation_failed` when both stand there and differ, or it is no key.
    pub(crate) fn or_body(self, body: Option<String>) -> Result<Option<String>, ApiError> {
        let key = match (self.0, body) {
            (Some(header), Some(body)) if header != body => {
                return Err(ApiError::invalid_field("idempotency_key", "differs from the header Idempotency-Key"));
            }
            (header, body) => header.or(body),
        };
        match key {
            Some(key) if !is_key(&key) => {
                let problem = format!("expected 1 to {MAX_KEY} visible ASCII characters");
                Err(ApiError::invalid_field("idempotency_key", problem))
            }
            key => Ok(key),
        }
    }
}

/// A key, and what is asked under it.
#[derive(Debug)]
pub(crate) struct Key {
    /// Where it was sent to, e.g. `POST /api/v1/sessions`.
    endpoint: &'static str,
    /// What the client chose.
    pub(crate) text: String,
    hash: [u8; 32],
}

/// What making something under a key comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Claimed {
    /// It is to be made.
    New,
    /// The same request made this before.
    Before(Uuid),
}

/// Why a key could not be claimed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ClaimError {
    #[error("this idempotency key was used with another request")]
    Reused,
    #[error("the idempotency key was not stored")]
    Store(#[from] StoreError),
}

impl From<ClaimError> for ApiError {
    fn from(error: ClaimError) -> Self {
        match error {
            ClaimError::Reused => conflict(),
            ClaimError::Store(error) => error.into(),
        }
    }
}

impl KeyHeader {
    /// The request's key, with what is asked under it at this endpoint.
    ///
    /// # Errors
    /// As [`KeyHeader::or_body`].
    pub(crate) fn of(
        self,
        endpoint: &'static str,
        body: Option<String>,
        asked: &impl Serialize,
    ) -> Result<Option<Key>, ApiError> {
        let Some(text) = self.or_body(body)? else { return Ok(None) };
        Ok(Some(Key { endpoint, text, hash: request_hash(asked)? }))
    }
}

/// Claims the key of a request that makes `id`, in the transaction that does so. Without a key, all that is asked for is
/// new.
///
/// # Errors
/// [`ClaimError::Reused`] when it stands for another request.
pub(crate) async fn claim(
    app: &App,
    tx: &mut TenantTx,
    key: Option<&Key>,
    id: Uuid,
    now: OffsetDateTime,
) -> Result<Claimed, ClaimError> {
    let Some(Key { endpoint, text, hash }) = key else { return Ok(Claimed::New) };
    let lifetime = app.key_lifetime();
    let request = Request { endpoint, key: text, body_hash: *hash, resource_id: id };
    match keys::claim(tx, &request, now, lifetime).await? {
        Claim::Mismatch => Err(ClaimError::Reused),
        Claim::Repeat(earlier) => Ok(Claimed::Before(earlier)),
        Claim::New => {
            keys::delete_older(tx, now - lifetime, TIDY).await?;
            Ok(Claimed::New)
        }
    }
}

/// The answer to a key that was used for something else.
pub(crate) fn conflict() -> ApiError {
    ApiError::new(Code::IdempotencyConflict, "this idempotency key was used with another request")
}

/// SHA-256 of what a request asks for, in a form that does not depend on how the client spelled it.
pub(crate) fn request_hash(request: &impl Serialize) -> Result<[u8; 32], ApiError> {
    let canonical = serde_json::to_vec(request)
        .map_err(|error| ApiError::new(Code::Internal, "the request could not be hashed").caused_by(error))?;
    Ok(Sha256::digest(&canonical).into())
}

fn header(headers: &HeaderMap) -> Result<Option<String>, ApiError> {
    let Some(value) = headers.get(HEADER) else { return Ok(None) };
    let text = value.to_str().map_err(|_| ApiError::invalid_field("idempotency_key", "is not ASCII"))?;
    Ok(Some(text.to_owned()))
}

/// Whether a text can be a key: 1 to 255 visible ASCII characters, or spaces.
pub(crate) fn is_key(text: &str) -> bool {
    (1..=MAX_KEY).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ')
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn header_and_body_may_say_the_same_and_nothing_else() {
        let key = |text: &str| KeyHeader(Some(text.to_owned()));
        assert_eq!(KeyHeader(None).or_body(None).unwrap(), None);
        assert_eq!(key("a").or_body(None).unwrap().as_deref(), Some("a"));
        assert_eq!(key("a").or_body(Some("a".to_owned())).unwrap().as_deref(), Some("a"));
        assert_eq!(KeyHeader(None).or_body(Some("b".to_owned())).unwrap().as_deref(), Some("b"));
        assert_eq!(key("a").or_body(Some("b".to_owned())).unwrap_err().code(), Code::ValidationFailed);
    }

    #[test]
    fn only_short_visible_text_is_a_key() {
        for bad in ["", "a\nb", "ä", &"x".repeat(MAX_KEY + 1)] {
            let refused = KeyHeader(Some(bad.to_owned())).or_body(None).unwrap_err();
            assert_eq!(refused.code(), Code::ValidationFailed, "{bad:?}");
        }
    }
}
