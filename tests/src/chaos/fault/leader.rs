//! The leader of the log is killed and started again, with three NATS servers.

use std::time::Duration;

use anyhow::Context as _;
use async_nats::jetstream;
use rand::rngs::StdRng;
use sba_subjects::stream::Stream;
use tokio::time::sleep;

use super::{Site, a_while};
use crate::{api::until, chaos::site::PATIENCE};

pub(super) async fn strike(site: &mut Site, lots: &mut StdRng, lasting: Duration) -> anyhow::Result<String> {
    let mut killed = Vec::new();
    for stream in [Stream::Runs, Stream::Cmds, Stream::Jobs] {
        let jetstream = jetstream::new(site.stack.hub().connect().await?);
        let leader = until("a leader", PATIENCE, async || {
            let Ok(stream) = jetstream.get_stream(stream.as_str()).await else { return Ok(None) };
            Ok(stream.cached_info().cluster.as_ref().and_then(|cluster| cluster.leader.clone()))
        });
        let leader = leader.await?;
        let cluster = site.stack.cluster().context("three NATS servers")?;
        let node = (0..3).find(|&node| cluster.name(node) == leader).context("an unknown leader")?;
        cluster.kill(node)?;
        sleep(a_while(lots, lasting / 3)).await;
        cluster.restart(node).await?;
        killed.push(format!("{stream} (node {node})"));
        sleep(lasting / 6).await;
    }
    Ok(format!("killed the leaders of {}", killed.join(", ")))
}
