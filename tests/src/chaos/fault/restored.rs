//! The log is restored to an earlier state, as an operator does it: everything is stopped, the store of the NATS server
//! is put back, everything is started. What was accepted since then is lost, until its client asks again; what it did to
//! the world is not done again.

use std::{fs, path::Path, time::Duration};

use anyhow::Context as _;
use tokio::time::sleep;

use super::Site;
use crate::chaos::site::PROCESSES;

pub(super) async fn strike(site: &mut Site, lasting: Duration) -> anyhow::Result<String> {
    let kept = tempfile::tempdir()?;
    sleep(lasting / 2).await;
    let nats = site.stack.nats().context("one NATS server")?;
    nats.stop();
    copy(&nats.store(), kept.path())?;
    nats.restart().await?;
    sleep(lasting / 2).await;
    for name in PROCESSES {
        site.process(name)?.kill()?;
    }
    site.world.ledger.at_rest().await;
    // Nobody accepts or does anything now: what is asked for from here on stands in the log that is put back.
    site.world.restore();
    let nats = site.stack.nats().context("one NATS server")?;
    nats.stop();
    fs::remove_dir_all(nats.store())?;
    copy(kept.path(), &nats.store())?;
    nats.restart().await?;
    for name in PROCESSES {
        site.revive(name).await?;
    }
    Ok(format!("restored the log to what it was {} ms before", (lasting / 2).as_millis()))
}

fn copy(from: &Path, to: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
