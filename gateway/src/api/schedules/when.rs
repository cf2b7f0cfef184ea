//! When a schedule starts runs, as a client says it and as it is shown.

use sba_store::schedules::{Timing, TimingError};
use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};
use utoipa::ToSchema;

use crate::{
    api::times,
    error::{ApiError, FieldProblem},
};

/// Longest cron expression, in bytes.
const MAX_EXPRESSION: usize = 200;

/// Longest interval, in seconds: ten years.
const MAX_INTERVAL: u32 = 315_360_000;

/// When runs are started: one of `at`, `cron` and `every_seconds`.
#[derive(Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"cron": "0 7 * * MON-FRI", "time_zone": "Europe/Berlin"}))]
pub(crate) struct When {
    /// Once, then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    at: Option<String>,
    /// Whenever a clock shows a time that this cron expression names: minute, hour, day of the month, month, day of the
    /// week.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 200)]
    cron: Option<String>,
    /// The clock that `cron` goes by, as the time zone database of the IANA names it; `UTC` when none is named.
    #[serde(default, alias = "timeZone", skip_serializing_if = "Option::is_none")]
    time_zone: Option<String>,
    /// Every so many seconds.
    #[serde(default, alias = "everySeconds", skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1)]
    every_seconds: Option<u32>,
    /// The first time for `every_seconds`, from which the others are counted; one interval from now when none is named.
    #[serde(default, alias = "startingAt", skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    starting_at: Option<String>,
}

impl When {
    /// The timing that is meant, of which at least `least` seconds lie between two moments.
    ///
    /// # Errors
    /// `validation_failed`.
    pub(super) fn timing(&self, least: u32, now: OffsetDateTime) -> Result<Timing, ApiError> {
        let timing = match self {
            Self { at: Some(at), cron: None, time_zone: None, every_seconds: None, starting_at: None } => {
                Timing::Once { at: moment("when.at", at)? }
            }
            Self { at: None, cron: Some(cron), time_zone, every_seconds: None, starting_at: None } => {
                by_the_clock(cron, time_zone.as_deref().unwrap_or("UTC"))?
            }
            Self { at: None, cron: None, time_zone: None, every_seconds: Some(seconds), starting_at } => {
                interval(*seconds, starting_at.as_deref(), now)?
            }
            _ => {
                let problem = "expected one of at, cron (with time_zone) and every_seconds (with starting_at)";
                return Err(ApiError::invalid_field("when", problem));
            }
        };
        if timing.keeps_apart(least, now).unwrap_or(false) {
            return Ok(timing);
        }
        Err(ApiError::invalid_field("when", format!("two moments are less than {least} seconds apart")))
    }

    /// As it is shown.
    pub(super) fn of(timing: &Timing) -> Self {
        match timing {
            Timing::Once { at } => Self { at: Some(times::written(*at)), ..Self::default() },
            Timing::Cron { expression, time_zone } => {
                Self { cron: Some(expression.clone()), time_zone: Some(time_zone.clone()), ..Self::default() }
            }
            Timing::Interval { seconds, from } => {
                let starting_at = Some(times::written(*from));
                Self { every_seconds: Some(*seconds), starting_at, ..Self::default() }
            }
        }
    }
}

fn by_the_clock(cron: &str, time_zone: &str) -> Result<Timing, ApiError> {
    if cron.len() > MAX_EXPRESSION {
        return Err(ApiError::invalid_field("when.cron", format!("is longer than {MAX_EXPRESSION} bytes")));
    }
    Timing::cron(cron, time_zone).map_err(|error| {
        let field = match error {
            TimingError::Expression(_) => "when.cron",
            TimingError::TimeZone => "when.time_zone",
        };
        ApiError::invalid(&[FieldProblem { field: field.to_owned(), problem: error.to_string() }])
    })
}

fn interval(seconds: u32, starting_at: Option<&str>, now: OffsetDateTime) -> Result<Timing, ApiError> {
    if !(1..=MAX_INTERVAL).contains(&seconds) {
        return Err(ApiError::invalid_field("when.every_seconds", format!("expected 1 to {MAX_INTERVAL}")));
    }
    let from = match starting_at {
        Some(at) => moment("when.starting_at", at)?,
        None => whole(now) + Duration::seconds(seconds.into()),
    };
    Ok(Timing::Interval { seconds, from })
}

/// A time that a client wrote, to the second: schedules know nothing smaller.
fn moment(field: &'static str, text: &str) -> Result<OffsetDateTime, ApiError> {
    times::read(text).map(whole).ok_or_else(|| ApiError::invalid_field(field, times::EXPECTED))
}

fn whole(at: OffsetDateTime) -> OffsetDateTime {
    at.replace_nanosecond(0).unwrap_or(at)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use serde_json::{Value, json};
    use time::macros::datetime;

    use super::*;

    const NOW: OffsetDateTime = datetime!(2026-01-01 00:00:00.5 UTC);

    fn timing(when: &Value) -> Result<Timing, ApiError> {
        serde_json::from_value::<When>(when.clone()).unwrap().timing(60, NOW)
    }

    #[test]
    fn what_is_said_is_shown_again() {
        for (said, shown) in [
            (json!({"at": "2030-01-31T13:00:00.25+01:00"}), json!({"at": "2030-01-31T12:00:00Z"})),
            (json!({"cron": "0 7 * * 1"}), json!({"cron": "0 7 * * 1", "time_zone": "UTC"})),
            (
                json!({"cron": "0 7 * * 1", "timeZone": "asia/jakarta"}),
                json!({"cron": "0 7 * * 1", "time_zone": "Asia/Jakarta"}),
            ),
            (json!({"everySeconds": 60}), json!({"every_seconds": 60, "starting_at": "2026-01-01T00:01:00Z"})),
            (
                json!({"every_seconds": 90, "startingAt": "2020-01-01T00:00:00Z"}),
                json!({"every_seconds": 90, "starting_at": "2020-01-01T00:00:00Z"}),
            ),
        ] {
            assert_eq!(serde_json::to_value(When::of(&timing(&said).unwrap())).unwrap(), shown, "{said}");
        }
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        for bad in [
            json!({}),
            json!({"time_zone": "UTC"}),
            json!({"at": "2030-01-31T12:00:00Z", "cron": "0 7 * * *"}),
            json!({"at": "2030-01-31T12:00:00Z", "time_zone": "UTC"}),
            json!({"at": "tomorrow"}),
            json!({"at": "2030-01-31T12:00:00"}),
            json!({"cron": "@daily x"}),
            json!({"cron": "* * * * * *"}),
            json!({"cron": "0 ".repeat(200)}),
            json!({"cron": "0 7 * * *", "time_zone": "Mars/Olympus"}),
            json!({"cron": "0 7 * * *", "starting_at": "2030-01-31T12:00:00Z"}),
            json!({"every_seconds": 59}),
            json!({"every_seconds": 0}),
            json!({"every_seconds": u32::MAX}),
            json!({"every_seconds": 60, "starting_at": "soon"}),
        ] {
            assert!(timing(&bad).is_err(), "{bad}");
        }
    }
}
