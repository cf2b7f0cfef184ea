//! Times: milliseconds since 1970 on the wire, RFC 3339 in the API.

pub(crate) use sba_service::clock::{read_time as read, to_millis};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

/// What a client is told whose time cannot be read.
pub(crate) const EXPECTED: &str = "expected a time such as 2030-01-31T12:00:00Z";

/// A time as clients read it.
pub(crate) fn written(at: OffsetDateTime) -> String {
    at.format(&Rfc3339).unwrap_or_default()
}

/// A time of the wire.
pub(crate) fn from_millis(millis: u64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(millis) * 1_000_000).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

/// A time as Postgres keeps it, to the microsecond: what is answered now is what is read later.
pub(crate) fn as_stored(at: OffsetDateTime) -> OffsetDateTime {
    at.replace_nanosecond(at.nanosecond() / 1_000 * 1_000).unwrap_or(at)
}
