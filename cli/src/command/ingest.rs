//! `sba ingest`.

use std::{path::PathBuf, process::ExitCode};

use super::block_on;
use crate::{client::Client, demo};

#[derive(Debug, clap::Args)]
pub(super) struct IngestArgs {
    /// Documents, or folders of documents.
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// The gateway.
    #[arg(long, env = "SBA_URL", default_value = "http://127.0.0.1:8080")]
    url: String,
    /// A token of the tenant.
    #[arg(long, env = "SBA_TOKEN", hide_env_values = true)]
    token: String,
    /// Pass over what cannot be read instead of stopping at it.
    #[arg(long)]
    lenient: bool,
}

pub(super) fn run(args: &IngestArgs) -> anyhow::Result<ExitCode> {
    let files = demo::documents(&args.paths)?;
    block_on(async {
        let client = Client::new(args.url.as_str(), args.token.as_str())?;
        let (documents, _) = demo::ingest(&client, &files, args.lenient).await?;
        Ok(if documents == 0 { ExitCode::FAILURE } else { ExitCode::SUCCESS })
    })
}
