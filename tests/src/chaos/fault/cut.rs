//! The network between a process and its servers: connections break, or nothing passes and nobody is told.

use std::time::Duration;

use rand::{rngs::StdRng, seq::IndexedRandom as _};
use tokio::time::sleep;

use super::Site;
use crate::proxy::Proxy;

/// The processes whose lines have proxies.
const NAMES: [&str; 3] = ["gateway-1", "orchestrator-1", "worker-1"];

pub(super) async fn strike(site: &mut Site, lots: &mut StdRng, lasting: Duration) -> anyhow::Result<String> {
    let mut said = Vec::new();
    for (what, weather) in [("cut off", Proxy::cut as fn(&Proxy)), ("silenced", Proxy::stall)] {
        let name = NAMES.choose(lots).copied().unwrap_or(NAMES[0]);
        site.lines(name).for_each(weather);
        sleep(lasting / 2).await;
        site.lines(name).for_each(Proxy::heal);
        said.push(format!("{what} {name}"));
    }
    Ok(said.join(", "))
}
