//! Words and times as people read them.

use std::time::Duration;

use time::{OffsetDateTime, format_description::well_known::Rfc3339};

/// Text that came from outside on one line, without what a terminal would obey.
#[must_use]
pub fn plain(text: &str) -> String {
    let visible = |c: char| if c.is_control() { ' ' } else { c };
    text.chars().filter(|c| !is_format(*c)).map(visible).collect()
}

/// Characters that have no width of their own and turn the text around them about.
const fn is_format(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// A moment that an event names, in milliseconds since 1970.
#[must_use]
pub fn moment(millis: u64) -> OffsetDateTime {
    let nanos = i128::from(millis) * 1_000_000;
    OffsetDateTime::from_unix_timestamp_nanos(nanos).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

/// A moment, to the second.
#[must_use]
pub fn time(at: OffsetDateTime) -> String {
    at.replace_nanosecond(0).unwrap_or(at).format(&Rfc3339).unwrap_or_default()
}

/// How long ago a moment is, in the largest unit that fits: `3d`, `2h`, `17m`, `4s`.
#[must_use]
pub fn since(at: OffsetDateTime, now: OffsetDateTime) -> String {
    let seconds = Duration::try_from(now - at).unwrap_or_default().as_secs();
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3_600 => format!("{}m", seconds / 60),
        3_600..86_400 => format!("{}h", seconds / 3_600),
        _ => format!("{}d", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_obey_is_left_out() {
        assert_eq!(plain("a\u{1b}[2J\nb\u{202e}c"), "a [2J bc");
    }

    #[test]
    fn ages_are_said_in_the_largest_unit() {
        let now = OffsetDateTime::UNIX_EPOCH + Duration::from_secs(1_000_000);
        for (seconds, word) in [(0, "0s"), (59, "59s"), (60, "1m"), (7_199, "1h"), (172_800, "2d")] {
            assert_eq!(since(now - Duration::from_secs(seconds), now), word);
        }
        assert_eq!(since(now + Duration::from_secs(5), now), "0s", "a clock that is behind");
    }
}
