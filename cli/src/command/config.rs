//! `sba config`.

use std::process::ExitCode;

use clap::Subcommand;
use sba_service::config;

use super::Configured;

#[derive(Debug, clap::Args)]
pub(super) struct ConfigArgs {
    #[command(subcommand)]
    command: ConfigCommand,
}

#[derive(Debug, Subcommand)]
enum ConfigCommand {
    /// Check the configuration as a process would read it.
    Check(Configured),
    /// Print the JSON Schema of the configuration file.
    Schema,
    /// Print a configuration file with every setting, its default and what it means.
    Default,
}

pub(super) fn run(args: &ConfigArgs) -> anyhow::Result<ExitCode> {
    match &args.command {
        ConfigCommand::Check(configured) => {
            configured.load()?;
            println!("The configuration is sound.");
        }
        ConfigCommand::Schema => println!("{}", serde_json::to_string_pretty(&config::schema())?),
        ConfigCommand::Default => print!("{}", config::default_file()),
    }
    Ok(ExitCode::SUCCESS)
}
