//! What is to be done about a schedule now.

use time::{Duration, OffsetDateTime};

use super::{Missed, Schedule, TimingError};

/// What is to be done about a schedule now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    /// Nothing: it is paused, or has ended.
    Nothing,
    /// Nothing before this moment.
    NotYet(OffsetDateTime),
    /// A run is to be started, for the last of the moments that have come.
    Start(Moment),
    /// The moments that have come were missed, and are passed over.
    Skip(Moment),
}

/// A moment that has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// When it was due.
    pub at: OffsetDateTime,
    /// The moment after it that lies in the future; none when there is none.
    pub next: Option<OffsetDateTime>,
}

impl Schedule {
    /// What is to be done. However many moments have come since anybody looked, one run at most is started; a moment that is
    /// more than `grace` ago was missed.
    ///
    /// # Errors
    /// [`TimingError`] for a timing that could be read once and cannot be any more.
    pub fn due(&self, now: OffsetDateTime, grace: Duration) -> Result<Due, TimingError> {
        let Some(next_at) = self.next_at else { return Ok(Due::Nothing) };
        if next_at > now {
            return Ok(Due::NotYet(next_at));
        }
        let at = self.timing.latest(next_at, now)?;
        let moment = Moment { at, next: self.timing.after(now.max(at))? };
        Ok(if now - at > grace && self.missed == Missed::Skip { Due::Skip(moment) } else { Due::Start(moment) })
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use sba_subjects::id::{ScheduleId, UserId};
    use serde_json::Value;
    use time::macros::datetime;
    use uuid::Uuid;

    use super::*;
    use crate::schedules::{ScheduleStatus, Timing};

    const FIRST: OffsetDateTime = datetime!(2026-01-01 00:00 UTC);
    const GRACE: Duration = Duration::seconds(60);

    fn schedule(timing: Timing, missed: Missed) -> Schedule {
        Schedule {
            id: ScheduleId::from_uuid(Uuid::nil()),
            name: String::new(),
            status: ScheduleStatus::Active,
            timing,
            missed,
            request: Value::Null,
            created_by: UserId::from_uuid(Uuid::nil()),
            next_at: Some(FIRST),
            last: None,
            created_at: FIRST,
            updated_at: FIRST,
        }
    }

    fn hourly(missed: Missed) -> Schedule {
        schedule(Timing::Interval { seconds: 3_600, from: FIRST }, missed)
    }

    fn due(schedule: &Schedule, minutes: i64) -> Due {
        schedule.due(FIRST + Duration::minutes(minutes), GRACE).unwrap()
    }

    fn moment(at: i64, next: i64) -> Moment {
        Moment { at: FIRST + Duration::hours(at), next: Some(FIRST + Duration::hours(next)) }
    }

    #[test]
    fn a_moment_is_seen_to_when_it_has_come_and_not_before() {
        for missed in [Missed::Once, Missed::Skip] {
            let schedule = hourly(missed);
            assert_eq!(due(&schedule, -1), Due::NotYet(FIRST));
            assert_eq!(due(&schedule, 0), Due::Start(moment(0, 1)));
            assert_eq!(due(&schedule, 1), Due::Start(moment(0, 1)), "a little late is not missed");
        }
    }

    #[test]
    fn what_was_missed_is_made_up_for_once_or_passed_over() {
        assert_eq!(due(&hourly(Missed::Once), 60 * 1_000 + 30), Due::Start(moment(1_000, 1_001)));
        assert_eq!(due(&hourly(Missed::Skip), 60 * 1_000 + 30), Due::Skip(moment(1_000, 1_001)));
        assert_eq!(due(&hourly(Missed::Skip), 60 * 1_000), Due::Start(moment(1_000, 1_001)), "the last is on time");
    }

    #[test]
    fn what_has_no_other_moment_has_ended() {
        let once = |missed| schedule(Timing::Once { at: FIRST }, missed);
        let ended = Moment { at: FIRST, next: None };
        assert_eq!(due(&once(Missed::Once), 600), Due::Start(ended));
        assert_eq!(due(&once(Missed::Skip), 600), Due::Skip(ended));
    }

    #[test]
    fn a_schedule_that_is_held_does_nothing() {
        let paused = Schedule { status: ScheduleStatus::Paused, next_at: None, ..hourly(Missed::Once) };
        assert_eq!(due(&paused, 600), Due::Nothing);
    }
}
