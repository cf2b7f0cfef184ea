//! How long a job that failed waits.

use std::time::Duration;

use rand::Rng as _;

/// The pause after the `attempt`th try (from 1): it doubles from the shortest to the longest of `pause`, and a random
/// quarter is left out, so that jobs that failed together do not come back together.
pub(super) fn pause(attempt: u32, pause: (Duration, Duration)) -> Duration {
    let (shortest, longest) = pause;
    let doubled = shortest.saturating_mul(1_u32.checked_shl(attempt.saturating_sub(1)).unwrap_or(u32::MAX));
    doubled.min(longest).mul_f64(1.0 - rand::rng().random_range(0.0..0.25))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_doubles_up_to_the_longest() {
        let limits = (Duration::from_millis(100), Duration::from_secs(1));
        for (attempt, most) in [(0, 100), (1, 100), (2, 200), (3, 400), (5, 1000), (40, 1000), (u32::MAX, 1000)] {
            let pause = pause(attempt, limits);
            let most = Duration::from_millis(most);
            assert!(pause <= most && pause >= most * 3 / 4, "attempt {attempt}: {pause:?}");
        }
    }
}
