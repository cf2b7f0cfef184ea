//! What can go wrong between SBA and a model, by kind.

use std::fmt;
use std::time::Duration;

/// The cause as the library that met it describes it.
pub type Cause = Box<dyn std::error::Error + Send + Sync>;

/// The longest provider message that is kept, in characters.
const MESSAGE_CHARS: usize = 300;

/// Why a model call failed.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// No connection, or it broke before the answer's end.
    #[error("the model cannot be reached or the connection broke")]
    Unreachable {
        /// What the transport says.
        #[source]
        cause: Cause,
    },
    /// Nothing arrived in time.
    #[error("the model did not answer in time: {wait} took longer than {limit:?}")]
    Timeout {
        /// What was waited for.
        wait: Wait,
        /// The deadline that passed.
        limit: Duration,
    },
    /// Too many calls or tokens for the provider's limits.
    #[error("the model's provider asks to call less often")]
    RateLimited {
        /// How long the provider asks to wait.
        retry_after: Option<Duration>,
    },
    /// The provider failed so often that it is left alone for a while; nothing was sent.
    #[error("the model failed several times in a row and is left alone for {retry_after:?}")]
    Unavailable {
        /// Until it is tried again.
        retry_after: Duration,
    },
    /// The provider answered that it will not or cannot do this call.
    #[error("the model's provider refused the call with status {status}: {message}")]
    Refused {
        /// HTTP status, or the one named in an error that came in the middle of an answer.
        status: u16,
        /// The provider's words, cut.
        message: String,
    },
    /// The answer breaks the provider's own protocol or SBA's limits of size.
    #[error("the model's answer cannot be read: {what}")]
    Garbage {
        /// What could not be read.
        what: String,
    },
    /// The prompt does not fit the model's context.
    #[error("the prompt is too long for the model: {message}")]
    TooLong {
        /// The provider's words, cut.
        message: String,
    },
    /// The configuration cannot work: a wrong address, key or provider name.
    #[error("the model is misconfigured: {what}")]
    Misconfigured {
        /// What is wrong and where.
        what: String,
    },
}

/// The step of a call that a deadline guards.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wait {
    /// Until fewer than the allowed number of calls are on their way.
    Turn,
    /// Opening the connection.
    Connect,
    /// From the call to the first piece of text.
    FirstToken,
    /// Between two pieces of text.
    NextToken,
    /// From the call to the end of the answer.
    Answer,
}

impl fmt::Display for Wait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Turn => "waiting for earlier calls",
            Self::Connect => "connecting",
            Self::FirstToken => "the first token",
            Self::NextToken => "the next token",
            Self::Answer => "the whole answer",
        })
    }
}

impl ModelError {
    /// The kind's stable name, for clients and metrics.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unreachable { .. } => "model_unreachable",
            Self::Timeout { .. } => "model_timeout",
            Self::RateLimited { .. } => "model_rate_limited",
            Self::Unavailable { .. } => "model_unavailable",
            Self::Refused { .. } => "model_refused",
            Self::Garbage { .. } => "model_garbage",
            Self::TooLong { .. } => "model_too_long",
            Self::Misconfigured { .. } => "model_misconfigured",
        }
    }

    /// Whether the same call may succeed later.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self {
            // Who waited for a turn for as long as a call may take has used up the time of the call.
            Self::Timeout { wait: Wait::Turn, .. } => false,
            Self::Unreachable { .. }
            | Self::Timeout { .. }
            | Self::RateLimited { .. }
            | Self::Unavailable { .. }
            | Self::Garbage { .. } => true,
            Self::Refused { status, .. } => *status >= 500 || *status == 408,
            Self::TooLong { .. } | Self::Misconfigured { .. } => false,
        }
    }

    /// Whether it tells that the provider is down or overloaded, rather than something about this call.
    #[must_use]
    pub fn is_outage(&self) -> bool {
        match self {
            // Those are waits for SBA itself.
            Self::Timeout { wait: Wait::Turn | Wait::Answer, .. } => false,
            Self::Unreachable { .. } | Self::Timeout { .. } | Self::RateLimited { .. } => true,
            Self::Refused { status, .. } => *status >= 500 || *status == 408,
            Self::Unavailable { .. } | Self::Garbage { .. } | Self::TooLong { .. } | Self::Misconfigured { .. } => {
                false
            }
        }
    }

    /// How long to wait before the next call, where that is known.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::RateLimited { retry_after } => *retry_after,
            Self::Unavailable { retry_after } => Some(*retry_after),
            _ => None,
        }
    }

    /// An [`ModelError::Unreachable`] from its cause.
    pub(super) fn unreachable(cause: impl Into<Cause>) -> Self {
        Self::Unreachable { cause: cause.into() }
    }

    /// A [`ModelError::Garbage`] that says what could not be read.
    pub(crate) fn garbage(what: impl fmt::Display) -> Self {
        Self::Garbage { what: excerpt(&what.to_string()) }
    }

    /// A [`ModelError::Misconfigured`] that says what is wrong.
    pub(super) fn misconfigured(what: impl Into<String>) -> Self {
        Self::Misconfigured { what: what.into() }
    }

    /// Sorts a provider's error answer by its status and words.
    pub(super) fn from_status(status: u16, message: &str, retry_after: Option<Duration>) -> Self {
        match status {
            429 => Self::RateLimited { retry_after },
            // Some providers repeat part of the key in their message, so it is not kept.
            401 | 403 => Self::misconfigured(format!("the provider refused the API key (status {status})")),
            400 | 413 | 422 if tells_of_length(message) => Self::TooLong { message: excerpt(message) },
            _ => Self::Refused { status, message: excerpt(message) },
        }
    }
}

/// Whether a provider's message says that the prompt does not fit. There is no common code for it.
fn tells_of_length(message: &str) -> bool {
    let message = message.to_ascii_lowercase();
    ["context_length", "context length", "context size", "context_size", "too long", "too many tokens"]
        .iter()
        .any(|words| message.contains(words))
}

/// The beginning of a foreign text, safe for a log line.
fn excerpt(text: &str) -> String {
    let mut kept: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(MESSAGE_CHARS).collect();
    if text.chars().nth(MESSAGE_CHARS).is_some() {
        kept.push('…');
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_are_sorted_by_what_the_caller_can_do() {
        let wait = Some(Duration::from_secs(7));
        assert_eq!(ModelError::from_status(429, "slow down", wait).retry_after(), wait);
        assert_eq!(ModelError::from_status(401, "bad key sk-123", None).code(), "model_misconfigured");
        assert!(!ModelError::from_status(403, "bad key sk-123", None).to_string().contains("sk-123"));
        let long = ModelError::from_status(400, "This model's maximum context length is 8192 tokens", None);
        assert_eq!((long.code(), long.is_retryable()), ("model_too_long", false));
        assert!(!ModelError::from_status(400, "no such parameter", None).is_retryable());
        assert!(ModelError::from_status(503, "overloaded", None).is_retryable());
    }

    #[test]
    fn foreign_messages_are_cut_and_hold_no_control_characters() {
        let message = format!("\u{1b}[31m{}", "é".repeat(5_000));
        let ModelError::Refused { message, .. } = ModelError::from_status(500, &message, None) else {
            unreachable!("status 500 is a refusal")
        };
        assert_eq!(message.chars().count(), MESSAGE_CHARS + 1);
        assert!(!message.contains('\u{1b}'));
    }
}
