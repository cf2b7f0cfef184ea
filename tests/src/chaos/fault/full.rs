//! JetStream's store is full (`max_file_store`): nothing more is stored, and everybody is told.

use std::time::Duration;

use anyhow::Context as _;
use async_nats::jetstream;
use serde_json::json;
use tokio::time::sleep;

use super::Site;
use crate::{api::until, chaos::site::PATIENCE};

/// Bytes that are left when the limit begins to hold.
const LEFT: u64 = 1 << 20;

pub(super) async fn strike(site: &mut Site, lasting: Duration) -> anyhow::Result<String> {
    let jetstream = jetstream::new(site.stack.hub().connect().await?);
    let limit = jetstream.query_account().await?.storage + LEFT;
    let url = site.world.urls[0].clone();
    let nats = site.stack.nats().context("one NATS server")?;
    nats.restart_with_room(Some(limit)).await?;
    let user = site.world.quick.clone();
    let mut taken = Vec::new();
    let refused = until("a run to be refused for want of room", PATIENCE, async || {
        let (status, body) = user.post(&format!("{url}/api/v1/runs"), &json!({"prompt": "Is there room?"})).await?;
        taken.extend(body["run_id"].as_str().map(str::to_owned));
        Ok((status == 503 && body["error"]["code"] == "storage_full").then_some(()))
    });
    refused.await?;
    sleep(lasting).await;
    site.stack.nats().context("one NATS server")?.restart_with_room(None).await?;
    // No client waits for those that there was room for.
    for run in taken {
        until("a run that there was room for to end", PATIENCE, async || {
            let (_, run) = user.get(&format!("{url}/api/v1/runs/{run}")).await?;
            Ok(["completed", "failed", "cancelled"].contains(&run["status"].as_str().unwrap_or_default()).then_some(()))
        })
        .await?;
    }
    Ok(format!("no room for {} ms beyond {limit} bytes", lasting.as_millis()))
}
