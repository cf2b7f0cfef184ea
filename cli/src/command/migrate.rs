//! `sba migrate`.

use std::{process::ExitCode, time::Duration};

use anyhow::Context as _;

use super::{Configured, block_on};

/// Longest time that all migrations may take.
const DEADLINE: Duration = Duration::from_secs(600);

pub(super) fn run(args: &Configured) -> anyhow::Result<ExitCode> {
    let config = args.load()?;
    let url =
        config.database.migrate_url.context("database.migrate_url is not set: migrations need the owner's role")?;
    let version = block_on(async { Ok(sba_store::migrate::migrate(url.reveal(), DEADLINE).await?) })?;
    println!("The schema is at version {version}.");
    Ok(ExitCode::SUCCESS)
}
