//! Slow lines: what passes is late, and little passes at a time.

use std::time::Duration;

use rand::{Rng as _, rngs::StdRng};
use tokio::time::sleep;

use super::Site;

/// Bytes that pass in a second.
const BYTES: u32 = 200_000;

pub(super) async fn strike(site: &mut Site, lots: &mut StdRng, lasting: Duration) -> anyhow::Result<String> {
    let names = ["gateway-1", "orchestrator-1", "worker-1"];
    let delay = Duration::from_millis(lots.random_range(20..150));
    names.iter().flat_map(|name| site.lines(name)).for_each(|line| line.slow(delay, BYTES));
    sleep(lasting).await;
    names.iter().flat_map(|name| site.lines(name)).for_each(crate::proxy::Proxy::heal);
    Ok(format!("{} ms of delay and {BYTES} bytes a second for the first of each", delay.as_millis()))
}
