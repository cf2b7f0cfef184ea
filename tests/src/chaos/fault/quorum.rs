//! Two of three NATS servers stand still: nobody can know what was stored, until they wake.

use std::time::Duration;

use anyhow::Context as _;
use tokio::time::sleep;

use super::Site;

pub(super) async fn strike(site: &mut Site, lasting: Duration) -> anyhow::Result<String> {
    let cluster = site.stack.cluster().context("three NATS servers")?;
    for node in [0, 1] {
        cluster.freeze(node)?;
    }
    sleep(lasting).await;
    for node in [0, 1] {
        cluster.thaw(node)?;
    }
    Ok(format!("no quorum for {} ms", lasting.as_millis()))
}
