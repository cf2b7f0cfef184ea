//! Postgres is gone while runs go on.

use std::time::Duration;

use tokio::time::sleep;

use super::Site;

pub(super) async fn strike(site: &mut Site, lasting: Duration) -> anyhow::Result<String> {
    site.stack.postgres().stop();
    sleep(lasting).await;
    site.stack.postgres().restart().await?;
    Ok(format!("stopped Postgres for {} ms", lasting.as_millis()))
}
