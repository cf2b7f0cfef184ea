//! `kill -9` of gateways, orchestrators and workers at random.

use std::time::Duration;

use rand::rngs::StdRng;
use tokio::time::{Instant, sleep};

use super::{Site, a_while, somebody};

/// Longest time until the next is killed.
const BETWEEN: Duration = Duration::from_millis(1_500);

pub(super) async fn strike(site: &mut Site, lots: &mut StdRng, lasting: Duration) -> anyhow::Result<String> {
    let end = Instant::now() + lasting;
    let mut killed = Vec::new();
    while Instant::now() < end {
        let name = somebody(lots);
        site.process(name)?.kill()?;
        killed.push(name);
        sleep(a_while(lots, BETWEEN)).await;
        site.revive(name).await?;
    }
    Ok(format!("killed {}", killed.join(", ")))
}
