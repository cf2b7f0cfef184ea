//! What a measurement comes to.

use std::time::Duration;

use hdrhistogram::Histogram;
use serde::Serialize;

/// Shortest and longest time that is told apart, in microseconds.
const BOUNDS: (u64, u64) = (1, 600_000_000);
/// Digits of a time that count.
const DIGITS: u8 = 3;

/// How much was done, how fast, and how long one took.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Figures {
    /// How many were measured.
    pub n: u64,
    /// How many were done in a second.
    pub per_second: f64,
    /// The time that half of them stayed within, in milliseconds.
    pub p50_ms: f64,
    /// The time that 99 of 100 stayed within, in milliseconds.
    pub p99_ms: f64,
}

/// The times of what was done, and how long all of it took.
#[derive(Debug)]
pub(super) struct Times {
    each: Histogram<u64>,
    lasted: Duration,
}

impl Times {
    pub(super) fn of(each: impl IntoIterator<Item = Duration>, lasted: Duration) -> anyhow::Result<Self> {
        let mut times = Histogram::new_with_bounds(BOUNDS.0, BOUNDS.1, DIGITS)?;
        for time in each {
            times.saturating_record(u64::try_from(time.as_micros()).unwrap_or(u64::MAX));
        }
        Ok(Self { each: times, lasted })
    }

    /// The same times, where all of it lasted as long as this.
    pub(super) fn lasting(self, lasted: Duration) -> Self {
        Self { lasted, ..self }
    }

    /// The figures where each of them is one.
    pub(super) fn figures(&self) -> Figures {
        self.figures_of(self.each.len())
    }

    /// The figures where all of them together are `n`: the times stay those of each.
    #[expect(clippy::cast_precision_loss, reason = "no count or time here comes near 2^52")]
    pub(super) fn figures_of(&self, n: u64) -> Figures {
        let quantile = |quantile| round(self.each.value_at_quantile(quantile) as f64 / 1_000.0);
        let seconds = self.lasted.as_secs_f64().max(f64::MIN_POSITIVE);
        Figures { n, per_second: round(n as f64 / seconds), p50_ms: quantile(0.50), p99_ms: quantile(0.99) }
    }
}

/// To three places: microseconds of a time, and no more digits than were measured.
fn round(value: f64) -> f64 {
    (value * 1_000.0).round() / 1_000.0
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn percentiles_are_in_milliseconds_and_the_rate_counts_what_is_said_to_be_done() {
        let each = (1..=1_000).map(|number| Duration::from_micros(number * 10));
        let times = Times::of(each, Duration::from_secs(2)).unwrap();
        let figures = times.figures();
        assert_eq!((figures.n, figures.per_second.to_bits()), (1_000, 500.0_f64.to_bits()));
        assert!((figures.p50_ms - 5.0).abs() < 0.05, "{figures:?}");
        assert!((figures.p99_ms - 9.9).abs() < 0.05, "{figures:?}");
        let passages = times.figures_of(8_000);
        assert_eq!((passages.n, passages.per_second.to_bits()), (8_000, 4_000.0_f64.to_bits()));
        assert_eq!(passages.p99_ms.to_bits(), figures.p99_ms.to_bits());
    }
}
