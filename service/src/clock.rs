//! Time, passed in, so that tests decide it.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use time::{OffsetDateTime, UtcOffset, format_description::well_known::Rfc3339};

/// Tells the time.
pub trait Clock: fmt::Debug + Send + Sync + 'static {
    /// The time of day, in UTC. It may jump.
    fn now(&self) -> OffsetDateTime;

    /// A point in time that only moves forward, for measuring spans.
    fn instant(&self) -> Instant;

    /// Milliseconds since 1970, as messages carry them; 0 for a time before that.
    fn now_millis(&self) -> u64 {
        to_millis(self.now())
    }
}

/// A time as messages carry it: milliseconds since 1970; 0 for a time before that.
#[must_use]
pub fn to_millis(at: OffsetDateTime) -> u64 {
    u64::try_from(at.unix_timestamp_nanos() / 1_000_000).unwrap_or_default()
}

/// The time of this machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl SystemClock {
    /// As everything takes it.
    #[must_use]
    pub fn shared() -> Arc<dyn Clock> {
        Arc::new(Self)
    }
}

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is where the time comes from")]
    fn now(&self) -> OffsetDateTime {
        OffsetDateTime::now_utc()
    }

    fn instant(&self) -> Instant {
        Instant::now()
    }
}

/// Reads a time as clients and models write it (RFC 3339), in UTC; none where it cannot be written so again, in UTC.
#[must_use]
pub fn read_time(text: &str) -> Option<OffsetDateTime> {
    let at = OffsetDateTime::parse(text, &Rfc3339).ok()?.checked_to_offset(UtcOffset::UTC)?;
    (0..=9_999).contains(&at.year()).then_some(at)
}

/// A clock that moves when it is told to. For tests.
#[derive(Debug)]
pub struct ManualClock {
    begin: Instant,
    day: OffsetDateTime,
    passed: Mutex<Duration>,
}

impl ManualClock {
    /// A clock that stands at `day`.
    #[must_use]
    pub fn new(day: OffsetDateTime) -> Self {
        Self { begin: Instant::now(), day, passed: Mutex::new(Duration::ZERO) }
    }

    /// Moves both kinds of time forward.
    pub fn advance(&self, by: Duration) {
        *self.passed.lock().unwrap_or_else(PoisonError::into_inner) += by;
    }

    fn passed(&self) -> Duration {
        *self.passed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for ManualClock {
    /// Stands at the first of January 2026.
    fn default() -> Self {
        Self::new(time::macros::datetime!(2026-01-01 00:00 UTC))
    }
}

impl Clock for ManualClock {
    fn now(&self) -> OffsetDateTime {
        self.day + self.passed()
    }

    fn instant(&self) -> Instant {
        self.begin + self.passed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_that_is_read_can_be_written() {
        let read = |text| read_time(text).map(|at| at.format(&Rfc3339).unwrap_or_default());
        assert_eq!(read("2030-01-31T12:00:00+02:00").as_deref(), Some("2030-01-31T10:00:00Z"));
        for none in ["0000-01-01T00:00:00+14:00", "9999-12-31T23:59:59-01:00", "2030-01-31", "tomorrow"] {
            assert_eq!(read(none), None, "{none}");
        }
    }

    #[test]
    fn a_manual_clock_moves_both_kinds_of_time_together() {
        let clock = ManualClock::default();
        let (day, instant, millis) = (clock.now(), clock.instant(), clock.now_millis());
        clock.advance(Duration::from_millis(1_500));
        assert_eq!(clock.now() - day, time::Duration::milliseconds(1_500));
        assert_eq!(clock.instant() - instant, Duration::from_millis(1_500));
        assert_eq!(clock.now_millis() - millis, 1_500);
        assert_eq!(millis, 1_767_225_600_000);
    }
}
