//! A process that stands still (SIGSTOP) and wakes after its runs and jobs were given to others.

use std::time::Duration;

use rand::{rngs::StdRng, seq::IndexedRandom as _};
use tokio::time::sleep;

use super::Site;

pub(super) async fn strike(site: &mut Site, lots: &mut StdRng, lasting: Duration) -> anyhow::Result<String> {
    let mut frozen = Vec::new();
    for kind in ["orchestrator", "worker"] {
        let name = format!("{kind}-{}", [1, 2].choose(lots).unwrap_or(&1));
        site.process(&name)?.freeze()?;
        sleep(lasting / 2).await;
        site.process(&name)?.thaw()?;
        frozen.push(name);
    }
    Ok(format!("froze {} for {} ms each", frozen.join(" and "), (lasting / 2).as_millis()))
}
