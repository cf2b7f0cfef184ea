//! The NATS server is killed and started again; once it stands still before.

use std::time::Duration;

use anyhow::Context as _;
use rand::rngs::StdRng;
use tokio::time::sleep;

use super::{Site, a_while};

pub(super) async fn strike(site: &mut Site, lots: &mut StdRng, lasting: Duration) -> anyhow::Result<String> {
    let nats = site.stack.nats().context("one NATS server")?;
    for freezes in [false, true] {
        if freezes {
            nats.freeze()?;
            sleep(a_while(lots, lasting / 2)).await;
        }
        nats.kill()?;
        sleep(a_while(lots, lasting / 4)).await;
        nats.restart().await?;
        sleep(lasting / 4).await;
    }
    Ok("killed the NATS server twice, once after it stood still".to_owned())
}
