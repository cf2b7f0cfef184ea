//! When a schedule's moments are.

use croner::{
    Cron,
    errors::CronError,
    parser::{CronParser, Seconds, Year},
};
use jiff::{Timestamp, Zoned, tz::TimeZone};
use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};

/// When a schedule's moments are: whole seconds, all of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Timing {
    /// Once.
    Once {
        /// When.
        #[serde(with = "time::serde::rfc3339")]
        at: OffsetDateTime,
    },
    /// Whenever the clocks of a time zone show a time that a cron expression names.
    Cron {
        /// Minute, hour, day of the month, month, day of the week.
        expression: String,
        /// The time zone's name in the database of the IANA.
        time_zone: String,
    },
    /// Every so many seconds.
    Interval {
        /// How many.
        seconds: u32,
        /// The first moment; the others follow from it.
        #[serde(with = "time::serde::rfc3339")]
        from: OffsetDateTime,
    },
}

/// Why something is no timing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TimingError {
    /// The expression is none.
    #[error("is no cron expression of five fields: {0}")]
    Expression(String),
    /// There is no time zone of this name.
    #[error("is no time zone such as Europe/Berlin")]
    TimeZone,
}

/// Most moments that are looked at to find two that are too close: as many as a day has minutes.
const LOOKED_AT: usize = 24 * 60;
/// How far ahead they are looked for: every date comes within eight years.
const AHEAD: Duration = Duration::days(8 * 366);

impl Timing {
    /// Whenever the clocks of a time zone show a time that a cron expression names.
    ///
    /// An hour that the clocks leave out: what lies in it comes as soon as it is over. An hour that they show twice: what
    /// names its hours comes the first time, what comes every hour comes both times.
    ///
    /// # Errors
    /// [`TimingError`].
    pub fn cron(expression: &str, time_zone: &str) -> Result<Self, TimingError> {
        parse(expression)?;
        let zone = zone(time_zone)?;
        let name = zone.iana_name().unwrap_or(time_zone).to_owned();
        Ok(Self::Cron { expression: expression.trim().to_owned(), time_zone: name })
    }

    /// The first moment that is not before `from`.
    ///
    /// # Errors
    /// [`TimingError`] for what could be read once and cannot be any more.
    pub fn first(&self, from: OffsetDateTime) -> Result<Option<OffsetDateTime>, TimingError> {
        match self {
            Self::Once { at } => Ok((*at >= from).then_some(*at)),
            Self::Interval { seconds, from: begin } => Ok(later(*begin, *seconds, from)),
            Self::Cron { expression, time_zone } => {
                let Some(from) = zoned(rounded_up(from), &zone(time_zone)?) else { return Ok(None) };
                found(parse(expression)?.find_next_occurrence(&from, true))
            }
        }
    }

    /// The first moment after `at`.
    ///
    /// # Errors
    /// As [`Timing::first`].
    pub fn after(&self, at: OffsetDateTime) -> Result<Option<OffsetDateTime>, TimingError> {
        self.first(at + Duration::SECOND)
    }

    /// The last moment that is not after `until`, where `due`, which is none after it, was the next one.
    ///
    /// # Errors
    /// As [`Timing::first`].
    pub fn latest(&self, due: OffsetDateTime, until: OffsetDateTime) -> Result<OffsetDateTime, TimingError> {
        let latest = match self {
            Self::Once { .. } => None,
            Self::Interval { seconds, .. } => {
                let passed = (until - due).whole_seconds().max(0);
                Some(due + Duration::seconds(passed - passed % i64::from(*seconds).max(1)))
            }
            Self::Cron { expression, time_zone } => {
                let Some(until) = zoned(until, &zone(time_zone)?) else { return Ok(due) };
                found(parse(expression)?.find_previous_occurrence(&until, true))?
            }
        };
        Ok(latest.map_or(due, |latest| latest.max(due)))
    }

    /// Whether at least so many seconds lie between any two of its moments, from `from` on.
    ///
    /// # Errors
    /// As [`Timing::first`].
    pub fn keeps_apart(&self, seconds: u32, from: OffsetDateTime) -> Result<bool, TimingError> {
        match self {
            Self::Once { .. } => Ok(true),
            Self::Interval { seconds: interval, .. } => Ok(*interval >= seconds),
            // Cron knows minutes, and nothing smaller.
            Self::Cron { .. } if seconds <= 60 => Ok(true),
            Self::Cron { .. } => {
                let mut before = self.first(from)?;
                for _ in 0..LOOKED_AT {
                    let Some(at) = before.filter(|at| *at - from < AHEAD) else { return Ok(true) };
                    let next = self.after(at)?;
                    if next.is_some_and(|next| next - at < Duration::seconds(seconds.into())) {
                        return Ok(false);
                    }
                    before = next;
                }
                Ok(true)
            }
        }
    }
}

/// The first of `begin`, `begin` and `seconds` more, and so on, that is not before `from`.
fn later(begin: OffsetDateTime, seconds: u32, from: OffsetDateTime) -> Option<OffsetDateTime> {
    let missing = (rounded_up(from) - begin).whole_seconds().max(0);
    let steps = missing.unsigned_abs().div_ceil(u64::from(seconds).max(1));
    let passed = i64::try_from(steps * u64::from(seconds)).ok()?;
    begin.checked_add(Duration::seconds(passed))
}

fn rounded_up(at: OffsetDateTime) -> OffsetDateTime {
    if at.nanosecond() == 0 { at } else { at.replace_nanosecond(0).unwrap_or(at) + Duration::SECOND }
}

fn parse(expression: &str) -> Result<Cron, TimingError> {
    let parser = CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed).build();
    parser.parse(expression).map_err(|error| TimingError::Expression(error.to_string()))
}

fn zone(name: &str) -> Result<TimeZone, TimingError> {
    TimeZone::get(name).map_err(|_| TimingError::TimeZone)
}

fn zoned(at: OffsetDateTime, zone: &TimeZone) -> Option<Zoned> {
    Timestamp::from_second(at.unix_timestamp()).ok().map(|at| at.to_zoned(zone.clone()))
}

fn found(found: Result<Zoned, CronError>) -> Result<Option<OffsetDateTime>, TimingError> {
    match found {
        Ok(at) => Ok(OffsetDateTime::from_unix_timestamp(at.timestamp().as_second()).ok()),
        Err(CronError::TimeSearchLimitExceeded) => Ok(None),
        Err(error) => Err(TimingError::Expression(error.to_string())),
    }
}

#[cfg(test)]
mod tests;
