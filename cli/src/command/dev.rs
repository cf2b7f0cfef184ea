//! `sba dev`.

use std::process::ExitCode;

use super::block_on;
use crate::{dev, local::StackOptions};

#[derive(Debug, clap::Args)]
pub(super) struct DevArgs {
    /// How many gateways.
    #[arg(long, default_value_t = 1)]
    gateways: usize,
    /// How many orchestrators.
    #[arg(long, default_value_t = 2)]
    orchestrators: usize,
    /// How many workers.
    #[arg(long, default_value_t = 2)]
    workers: usize,
}

pub(super) fn run(args: &DevArgs) -> anyhow::Result<ExitCode> {
    let options = StackOptions {
        gateways: args.gateways.max(1),
        orchestrators: args.orchestrators,
        workers: args.workers,
        ..StackOptions::default()
    };
    block_on(dev::run(options)).map(|()| ExitCode::SUCCESS)
}
