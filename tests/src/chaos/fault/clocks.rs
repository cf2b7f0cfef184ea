//! Clocks jump, forward and back, each process's on its own, while it runs.

use std::time::Duration;

use rand::{Rng as _, rngs::StdRng};
use tokio::time::sleep;

use super::Site;
use crate::chaos::site::PROCESSES;

/// How far a clock jumps at most, in milliseconds. What a process sets for later by a clock that is ahead comes as much
/// later, so this is less than a client waits.
const FAR: i64 = 45_000;

pub(super) async fn strike(site: &mut Site, lots: &mut StdRng, lasting: Duration) -> anyhow::Result<String> {
    let mut jumps = Vec::new();
    for _ in 0..4 {
        for name in PROCESSES {
            let offset = lots.random_range(-FAR..FAR);
            site.move_clock(name, offset)?;
            jumps.push(offset / 1_000);
        }
        sleep(lasting / 4).await;
    }
    for name in PROCESSES {
        site.move_clock(name, 0)?;
    }
    Ok(format!("clocks jumped by seconds: {jumps:?}"))
}
