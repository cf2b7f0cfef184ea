//! The codes of the API's failures: one table, one section each in `docs/errors.md`.

use std::{fmt, time::Duration};

use axum::http::StatusCode;

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $status:ident;)+) => {
        /// A kind of failure that the API answers with.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Code { $($(#[$doc])* $name,)+ }

        impl Code {
            /// Every code.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// The code as clients see it. It never changes.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $code,)+ }
            }

            /// The HTTP status that goes with it.
            #[must_use]
            pub const fn status(self) -> StatusCode {
                match self { $(Self::$name => StatusCode::$status,)+ }
            }
        }
    };
}

codes! {
    /// The request cannot be read: not JSON, a malformed id, a query of the wrong form.
    InvalidRequest = "invalid_request", BAD_REQUEST;
    /// The request was read, and a field cannot be used.
    ValidationFailed = "validation_failed", BAD_REQUEST;
    /// No token, or one that does not hold.
    Unauthenticated = "unauthenticated", UNAUTHORIZED;
    /// The token was good once.
    TokenExpired = "token_expired", UNAUTHORIZED;
    /// The token's roles do not allow it.
    Forbidden = "forbidden", FORBIDDEN;
    /// The run belongs to a session whose token was not shown.
    SessionTokenInvalid = "session_token_invalid", FORBIDDEN;
    /// The session that the request names is over.
    SessionExpired = "session_expired", FORBIDDEN;
    /// A page of this origin may open no WebSocket.
    OriginRefused = "origin_refused", FORBIDDEN;
    /// It does not exist, or belongs to another tenant.
    NotFound = "not_found", NOT_FOUND;
    /// The address exists and does not take this method.
    MethodNotAllowed = "method_not_allowed", METHOD_NOT_ALLOWED;
    /// The idempotency key was used with another request.
    IdempotencyConflict = "idempotency_conflict", CONFLICT;
    /// The run has ended.
    RunFinished = "run_finished", CONFLICT;
    /// The run asks nothing, or not that.
    NothingAsked = "nothing_asked", CONFLICT;
    /// The question was answered, or is not asked any more.
    AlreadyAnswered = "already_answered", CONFLICT;
    /// A step that is to be taken over has no result yet.
    StepUnderWay = "step_under_way", CONFLICT;
    /// The run's log was removed.
    LogGone = "log_gone", GONE;
    /// The run is not paused.
    NotPaused = "not_paused", CONFLICT;
    /// The schedule has no moment left.
    ScheduleEnded = "schedule_ended", CONFLICT;
    /// The tenant has as many schedules as it may.
    TooManySchedules = "too_many_schedules", CONFLICT;
    /// The tenant has as many keys as it may.
    TooManyKeys = "too_many_keys", CONFLICT;
    /// An issuer calls another tenant so.
    ExternalIdTaken = "external_id_taken", CONFLICT;
    /// As many credentials of the tenant hold as may.
    TooManyCredentials = "too_many_credentials", CONFLICT;
    /// The tenant serves as many tools as it may.
    TooManyTools = "too_many_tools", CONFLICT;
    /// There is no tool of this name.
    ToolUnknown = "tool_unknown", BAD_REQUEST;
    /// The body came too slowly.
    BodyTooSlow = "body_too_slow", REQUEST_TIMEOUT;
    /// The body is larger than allowed.
    PayloadTooLarge = "payload_too_large", PAYLOAD_TOO_LARGE;
    /// The body is of a media type that is not taken.
    UnsupportedMediaType = "unsupported_media_type", UNSUPPORTED_MEDIA_TYPE;
    /// The address is for WebSockets only.
    UpgradeRequired = "upgrade_required", UPGRADE_REQUIRED;
    /// None of the WebSocket subprotocols that the client offers is known.
    UnknownSubprotocol = "unknown_subprotocol", BAD_REQUEST;
    /// Address and headers are larger than allowed.
    HeadTooLarge = "head_too_large", REQUEST_HEADER_FIELDS_TOO_LARGE;
    /// The tenant asks for more than its share.
    RateLimited = "rate_limited", TOO_MANY_REQUESTS;
    /// As many commands wait for the run as may.
    TooManyCommands = "too_many_commands", TOO_MANY_REQUESTS;
    /// The WebSocket shows as many runs as it may.
    TooManySubscriptions = "too_many_subscriptions", TOO_MANY_REQUESTS;
    /// A fault of SBA itself.
    Internal = "internal", INTERNAL_SERVER_ERROR;
    /// This gateway was not given what the request needs.
    NotConfigured = "not_configured", NOT_IMPLEMENTED;
    /// A server that the request needs cannot be reached now.
    Unavailable = "unavailable", SERVICE_UNAVAILABLE;
    /// The gateway works on as much as it may.
    Overloaded = "overloaded", SERVICE_UNAVAILABLE;
    /// There is no room to store what was sent.
    StorageFull = "storage_full", SERVICE_UNAVAILABLE;
    /// The answer took longer than allowed.
    DeadlineExceeded = "deadline_exceeded", GATEWAY_TIMEOUT;
}

impl Code {
    /// How long a client does well to wait before it asks again; `None` where asking again does not help.
    pub(crate) const fn retry_after(self) -> Option<Duration> {
        match self {
            Self::Overloaded => Some(Duration::from_secs(1)),
            Self::Unavailable | Self::RateLimited | Self::TooManyCommands | Self::DeadlineExceeded => {
                Some(Duration::from_secs(2))
            }
            Self::StorageFull => Some(Duration::from_secs(30)),
            _ => None,
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = include_str!("../../../docs/errors.md");

    #[test]
    fn every_code_has_its_section() {
        for code in Code::ALL {
            let heading = format!("\n### `{code}` ({})\n", code.status().as_u16());
            assert!(PAGE.contains(&heading), "docs/errors.md has no heading {heading:?}");
        }
    }

    #[test]
    fn codes_are_words_that_differ() {
        let mut words: Vec<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
        assert!(words.iter().all(|word| word.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')));
        words.sort_unstable();
        words.dedup();
        assert_eq!(words.len(), Code::ALL.len());
    }
}
