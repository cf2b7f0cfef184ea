//! What can go wrong with NATS identities.

/// A failure to mint an identity or to hand it to the servers.
#[derive(Debug, thiserror::Error)]
pub enum AccountsError {
    /// A seed or key that is not one, or not of the kind that is needed.
    #[error("not a usable {kind} key")]
    Key {
        /// The kind of key that was needed: operator, account or user.
        kind: &'static str,
        /// What the key library found; absent when the key is sound but of another kind.
        source: Option<nkeys::error::Error>,
    },
    /// The claims could not be written as JSON.
    #[error("claims could not be encoded")]
    Encode(#[from] serde_json::Error),
    /// No server answered in time, or the connection is gone.
    #[error("the servers did not take the account")]
    Request(#[from] async_nats::RequestError),
    /// A server answered that it does not take the token.
    #[error("a server refused the account: {description} ({code})")]
    Refused {
        /// The server's status, in the manner of HTTP.
        code: u16,
        /// The server's reason.
        description: String,
    },
    /// A server answered something that is not an answer to a claims update.
    #[error("a server's answer could not be read")]
    Answer(#[source] serde_json::Error),
}

impl AccountsError {
    /// The stable code of this kind of failure.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Key { .. } => "nats_key_invalid",
            Self::Encode(_) => "nats_claims_invalid",
            Self::Request(_) => "nats_unavailable",
            Self::Refused { .. } => "nats_account_refused",
            Self::Answer(_) => "nats_answer_invalid",
        }
    }

    pub(super) fn key(kind: &'static str) -> impl FnOnce(nkeys::error::Error) -> Self {
        move |source| Self::Key { kind, source: Some(source) }
    }
}
