//! Times: milliseconds since 1970 on the wire, RFC 3339 in the API.

use time::OffsetDateTime;

/// A time of the wire.
pub(crate) fn from_millis(millis: u64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(millis) * 1_000_000).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

/// A time for the wire; what lies before 1970 becomes 0.
pub(crate) fn to_millis(at: OffsetDateTime) -> u64 {
    u64::try_from(at.unix_timestamp_nanos() / 1_000_000).unwrap_or_default()
}

/// A time as Postgres keeps it, to the microsecond: what is answered now is what is read later.
pub(crate) fn as_stored(at: OffsetDateTime) -> OffsetDateTime {
    at.replace_nanosecond(at.nanosecond() / 1_000 * 1_000).unwrap_or(at)
}
