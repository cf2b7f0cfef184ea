//! Doing something many times, some at a time.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::Context as _;
use indicatif::{ProgressBar, ProgressStyle};
use tokio::task::JoinSet;

use super::figures::Times;

/// How much is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Load {
    /// How many times.
    pub(super) n: u64,
    /// How many at a time.
    pub(super) in_flight: u64,
    /// Longest time that one may take.
    pub(super) deadline: Duration,
}

/// Does `work` as the load says, the next as soon as one is done. `work` is told which it is, counted from 0, and
/// answers how long the part of it took that is measured. The first failure is the failure of all.
pub(super) async fn measure<W, F>(what: &str, load: Load, work: W) -> anyhow::Result<Times>
where
    W: Fn(u64) -> F + Clone + Send + 'static,
    F: Future<Output = anyhow::Result<Duration>> + Send,
{
    let bar = bar(what, load.n);
    let next = Arc::new(AtomicU64::new(0));
    let mut lanes = JoinSet::new();
    let begun = Instant::now();
    for _ in 0..load.in_flight.clamp(1, load.n.max(1)) {
        let (next, work, bar) = (Arc::clone(&next), work.clone(), bar.clone());
        lanes.spawn(async move {
            let mut times = Vec::new();
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= load.n {
                    return anyhow::Ok(times);
                }
                let time = tokio::time::timeout(load.deadline, work(number)).await;
                times.push(time.with_context(|| format!("no end within {} s", load.deadline.as_secs()))??);
                bar.inc(1);
            }
        });
    }
    let mut times = Vec::new();
    while let Some(lane) = lanes.join_next().await {
        times.extend(lane??);
    }
    let lasted = begun.elapsed();
    bar.finish_and_clear();
    Times::of(times, lasted)
}

/// Progress on standard error, drawn seldom: it is not to be measured.
fn bar(what: &str, n: u64) -> ProgressBar {
    let bar = ProgressBar::new(n).with_message(what.to_owned());
    let style = ProgressStyle::with_template("{bar:30} {pos}/{len} {msg}");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use std::sync::Mutex;

    use super::*;

    const LOAD: Load = Load { n: 10, in_flight: 3, deadline: Duration::from_secs(10) };

    #[tokio::test]
    async fn each_is_done_once_and_no_more_at_a_time_than_asked_for() {
        let seen = Arc::new(Mutex::new((Vec::new(), 0_u64, 0_u64)));
        let watched = Arc::clone(&seen);
        let work = move |number| {
            let seen = Arc::clone(&seen);
            async move {
                {
                    let mut seen = seen.lock().unwrap();
                    seen.0.push(number);
                    seen.1 += 1;
                    seen.2 = seen.2.max(seen.1);
                }
                tokio::task::yield_now().await;
                seen.lock().unwrap().1 -= 1;
                Ok(Duration::from_millis(number))
            }
        };
        let times = measure("", LOAD, work).await.unwrap();
        assert_eq!(times.figures().n, 10);
        let (mut numbers, running, most) = watched.lock().unwrap().clone();
        numbers.sort_unstable();
        assert_eq!((numbers, running, most), ((0..10).collect(), 0, 3));
    }

    #[tokio::test]
    async fn a_failure_and_a_deadline_end_it() {
        let failing =
            |number| async move { if number == 7 { Err(anyhow::anyhow!("seven")) } else { Ok(Duration::ZERO) } };
        assert_eq!(measure("", LOAD, failing).await.unwrap_err().to_string(), "seven");
        let short = Load { deadline: Duration::from_millis(5), ..LOAD };
        let error = measure("", short, |_| std::future::pending()).await.unwrap_err();
        assert_eq!(error.to_string(), "no end within 0 s");
    }
}
