//! Pauses between tries.

use std::time::Duration;

use rand::Rng as _;

/// A pause that doubles with each try, up to a longest one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// After the first try that failed.
    pub shortest: Duration,
    /// However many failed.
    pub longest: Duration,
}

impl Backoff {
    /// Doubles from `shortest` to `longest`.
    #[must_use]
    pub const fn new(shortest: Duration, longest: Duration) -> Self {
        Self { shortest, longest }
    }

    /// The pause after `failed` tries (from 1): what is due, less up to half of it by chance, so that those who failed
    /// together do not come back together.
    #[must_use]
    pub fn pause(&self, failed: u32) -> Duration {
        self.pause_by(failed, rand::rng().random_range(0.0..=1.0))
    }

    /// The same with the chance given, from 0 (half of what is due) to 1 (all of it).
    #[must_use]
    pub fn pause_by(&self, failed: u32, chance: f64) -> Duration {
        self.due(failed).mul_f64(0.5 + chance.clamp(0.0, 1.0) / 2.0)
    }

    /// A pause as long as the whole wait so far, so that the wait doubles; `chance` as in [`Backoff::pause_by`].
    #[must_use]
    pub fn pause_after(&self, waited: Duration, chance: f64) -> Duration {
        waited.max(self.shortest).min(self.longest).mul_f64(0.5 + chance.clamp(0.0, 1.0) / 2.0)
    }

    fn due(&self, failed: u32) -> Duration {
        let doubled = self.shortest.saturating_mul(2_u32.saturating_pow(failed.saturating_sub(1)));
        doubled.min(self.longest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_doubles_up_to_the_longest() {
        let backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(1));
        for (failed, most) in [(0, 100), (1, 100), (2, 200), (3, 400), (5, 1000), (40, 1000), (u32::MAX, 1000)] {
            let pause = backoff.pause(failed);
            let most = Duration::from_millis(most);
            assert!(pause <= most && pause >= most / 2, "after {failed}: {pause:?}");
        }
    }
}
