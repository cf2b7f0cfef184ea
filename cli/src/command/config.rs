//! `sba config`.

use std::{io::Write as _, process::ExitCode};

use clap::{Subcommand, ValueEnum};
use sba_service::config::{self, Purpose};

use super::Configured;

#[derive(Debug, clap::Args)]
pub(super) struct ConfigArgs {
    #[command(subcommand)]
    command: ConfigCommand,
}

#[derive(Debug, Subcommand)]
enum ConfigCommand {
    /// Check the configuration as a process would read it.
    Check(CheckArgs),
    /// Print the JSON Schema of the configuration file.
    Schema,
    /// Print a configuration file with every setting, its default and what it means.
    Default,
}

#[derive(Debug, clap::Args)]
struct CheckArgs {
    #[command(flatten)]
    configured: Configured,
    /// Find also what this process cannot do without.
    #[arg(long = "for", value_name = "PROCESS")]
    process: Option<Process>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Process {
    Gateway,
    Orchestrator,
    Worker,
}

impl From<Process> for Purpose {
    fn from(process: Process) -> Self {
        match process {
            Process::Gateway => Self::Gateway,
            Process::Orchestrator => Self::Orchestrator,
            Process::Worker => Self::Worker,
        }
    }
}

pub(super) fn run(args: &ConfigArgs) -> anyhow::Result<ExitCode> {
    match &args.command {
        ConfigCommand::Check(args) => {
            let config = args.configured.load()?;
            if let Some(process) = args.process {
                config.check_for(process.into())?;
            }
            println!("The configuration is sound.");
        }
        ConfigCommand::Schema => write(&format!("{}\n", serde_json::to_string_pretty(&config::schema())?))?,
        ConfigCommand::Default => write(&config::default_file())?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Writes to standard output, for as long as somebody reads it.
fn write(text: &str) -> std::io::Result<()> {
    match std::io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}
