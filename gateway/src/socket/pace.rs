//! How much a client may say.

use std::num::NonZeroU32;

use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};

/// How many times as many messages may come at once as in a second.
const BURST: u32 = 5;

/// How many times the allowed pace a client that is told so may keep.
const PATIENCE: u32 = 2;

/// The pace of one client's messages.
#[derive(Debug)]
pub(super) struct Pace {
    allowed: DefaultDirectRateLimiter,
    borne: DefaultDirectRateLimiter,
}

/// What is to be done with a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is taken.
    Taken,
    /// It is refused.
    TooMany,
    /// The client is let go.
    Flood,
}

impl Pace {
    /// So many messages in a second.
    pub(super) fn new(per_second: u32) -> Self {
        let limiter = |times: u32| {
            let number = |count: u32| NonZeroU32::new(count).unwrap_or(NonZeroU32::MIN);
            let rate = per_second.saturating_mul(times);
            RateLimiter::direct(Quota::per_second(number(rate)).allow_burst(number(rate.saturating_mul(BURST))))
        };
        Self { allowed: limiter(1), borne: limiter(PATIENCE) }
    }

    /// Counts a message.
    pub(super) fn judge(&self) -> Verdict {
        match (self.borne.check(), self.allowed.check()) {
            (Err(_), _) => Verdict::Flood,
            (_, Err(_)) => Verdict::TooMany,
            _ => Verdict::Taken,
        }
    }

    /// Counts what is no message, such as a ping: there may be as many as of everything.
    pub(super) fn bears(&self) -> bool {
        self.borne.check().is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_who_says_too_much_is_told_first_and_let_go_then() {
        let pace = Pace::new(20);
        let verdicts: Vec<_> = (0..400).map(|_| pace.judge()).collect();
        let first = |verdict| verdicts.iter().position(|found| *found == verdict);
        // Some may be allowed for the time that this takes.
        assert!((100..150).contains(&first(Verdict::TooMany).unwrap_or(0)), "{:?}", first(Verdict::TooMany));
        assert!((200..300).contains(&first(Verdict::Flood).unwrap_or(0)), "{:?}", first(Verdict::Flood));
        assert_eq!(verdicts[0], Verdict::Taken);
    }
}
