#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use proptest::prelude::*;
use time::{format_description::well_known::Rfc3339, macros::datetime};

use super::*;

fn cron(expression: &str, zone: &str) -> Timing {
    Timing::cron(expression, zone).unwrap()
}

/// The first moments from `from` on, as UTC shows them.
fn moments(timing: &Timing, from: OffsetDateTime, count: usize) -> Vec<String> {
    let mut found = Vec::new();
    let mut next = timing.first(from).unwrap();
    while let Some(at) = next.filter(|_| found.len() < count) {
        found.push(at.format(&Rfc3339).unwrap());
        next = timing.after(at).unwrap();
    }
    found
}

#[test]
fn a_time_zone_decides_what_the_clocks_show() {
    let weekdays = cron("0 7 * * MON-FRI", "Europe/Berlin");
    let from = datetime!(2026-03-27 00:00 UTC);
    assert_eq!(moments(&weekdays, from, 3), ["2026-03-27T06:00:00Z", "2026-03-30T05:00:00Z", "2026-03-31T05:00:00Z"]);
    assert_eq!(cron("0 7 * * *", "europe/berlin"), cron("0 7 * * *", "Europe/Berlin"));
}

#[test]
fn an_hour_that_is_left_out_or_comes_twice() {
    // In Berlin the clocks go from 02:00 to 03:00 on 29 March 2026, and from 03:00 to 02:00 on 25 October 2026.
    let nightly = cron("30 2 * * *", "Europe/Berlin");
    let spring = moments(&nightly, datetime!(2026-03-28 12:00 UTC), 2);
    assert_eq!(spring.len(), 2);
    assert!(spring[0].starts_with("2026-03-29T01:"), "it is not left out: {spring:?}");
    assert_eq!(spring[1], "2026-03-30T00:30:00Z");
    let autumn = moments(&nightly, datetime!(2026-10-24 12:00 UTC), 2);
    assert_eq!(autumn, ["2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"], "once, not twice");
    let hourly = cron("30 * * * *", "Europe/Berlin");
    let autumn = moments(&hourly, datetime!(2026-10-25 00:00 UTC), 3);
    assert_eq!(autumn, ["2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z", "2026-10-25T02:30:00Z"], "every hour");
}

#[test]
fn an_interval_is_counted_from_its_beginning() {
    let timing = Timing::Interval { seconds: 90, from: datetime!(2026-01-01 00:00 UTC) };
    assert_eq!(moments(&timing, datetime!(2025-01-01 00:00 UTC), 2), ["2026-01-01T00:00:00Z", "2026-01-01T00:01:30Z"]);
    assert_eq!(moments(&timing, datetime!(2026-01-01 00:01:30.5 UTC), 1), ["2026-01-01T00:03:00Z"]);
    let due = datetime!(2026-01-01 00:01:30 UTC);
    assert_eq!(timing.latest(due, datetime!(2026-01-01 00:05:59 UTC)).unwrap(), datetime!(2026-01-01 00:04:30 UTC));
    assert_eq!(timing.latest(due, datetime!(2025-01-01 00:00 UTC)).unwrap(), due);
}

#[test]
fn once_is_once() {
    let at = datetime!(2026-01-01 00:00 UTC);
    let timing = Timing::Once { at };
    assert_eq!(timing.first(at).unwrap(), Some(at));
    assert_eq!(timing.after(at).unwrap(), None);
    assert_eq!(timing.latest(at, datetime!(2027-01-01 00:00 UTC)).unwrap(), at);
}

#[test]
fn years_of_missed_moments_are_passed_over_at_once() {
    let minutely = cron("* * * * *", "Asia/Jakarta");
    let (due, now) = (datetime!(2000-01-01 00:00 UTC), datetime!(2026-05-05 05:05:59 UTC));
    let begun = std::time::Instant::now();
    assert_eq!(minutely.latest(due, now).unwrap(), datetime!(2026-05-05 05:05 UTC));
    assert!(begun.elapsed() < std::time::Duration::from_secs(1));
}

#[test]
fn what_never_comes_is_found_out_in_time() {
    let begun = std::time::Instant::now();
    for never in ["0 0 31 2 *", "0 0 30 2 *", "0 0 31 2,4,6,9,11 *"] {
        assert_eq!(cron(never, "UTC").first(datetime!(2026-01-01 00:00 UTC)).unwrap(), None, "{never}");
    }
    assert!(begun.elapsed() < std::time::Duration::from_secs(2), "{:?}", begun.elapsed());
    assert_eq!(moments(&cron("0 0 29 2 *", "UTC"), datetime!(2026-01-01 00:00 UTC), 1), ["2028-02-29T00:00:00Z"]);
}

#[test]
fn what_is_no_timing_is_refused() {
    for bad in ["", "* * * *", "* * * * * *", "60 * * * *", "* 24 * * *", "@every 1s", "x * * * *", "*/0 * * * *"] {
        assert!(matches!(Timing::cron(bad, "UTC"), Err(TimingError::Expression(_))), "{bad}");
    }
    for bad in ["", "Berlin", "Europe/Atlantis", "../../etc/passwd", "CEST+3"] {
        assert_eq!(Timing::cron("* * * * *", bad), Err(TimingError::TimeZone), "{bad}");
    }
}

#[test]
fn moments_that_are_too_close_are_found_wherever_in_the_day_they_are() {
    let from = datetime!(2026-01-01 00:00 UTC);
    let apart = |timing: Timing, seconds| timing.keeps_apart(seconds, from).unwrap();
    assert!(apart(cron("* * * * *", "UTC"), 60));
    assert!(!apart(cron("* * * * *", "UTC"), 61));
    assert!(!apart(cron("0,59 0,5,22,23 1 6 *", "UTC"), 300));
    assert!(apart(cron("*/15 * * * *", "UTC"), 900));
    assert!(!apart(cron("0,4 0 29 2 *", "UTC"), 300));
    assert!(apart(cron("0 0 29 2 *", "UTC"), 300));
    assert!(apart(Timing::Interval { seconds: 60, from }, 60));
    assert!(!apart(Timing::Interval { seconds: 59, from }, 60));
}

#[test]
fn what_is_stored_is_read_back() {
    let from = datetime!(2026-01-01 00:00 UTC);
    for timing in
        [Timing::Once { at: from }, cron("*/5 9-17 * * 1-5", "Asia/Jakarta"), Timing::Interval { seconds: 60, from }]
    {
        let json = serde_json::to_value(&timing).unwrap();
        assert_eq!(serde_json::from_value::<Timing>(json).unwrap(), timing);
    }
}

proptest! {
    #[test]
    fn moments_only_move_forward(
        minute in "(\\*|\\*/7|5,35)", hour in "(\\*|1-3|2|\\*/5)", start in 1_700_000_000_i64..1_900_000_000,
        zone in prop::sample::select(vec!["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Jakarta"]),
    ) {
        let timing = cron(&format!("{minute} {hour} * * *"), zone);
        let mut at = OffsetDateTime::from_unix_timestamp(start).unwrap();
        for _ in 0..50 {
            let next = timing.after(at).unwrap().unwrap();
            prop_assert!(next > at);
            prop_assert!(timing.latest(next, next).unwrap() == next);
            at = next;
        }
    }
}
