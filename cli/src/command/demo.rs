//! `sba demo`.

use std::{path::PathBuf, process::ExitCode};

use super::{block_on, reason};
use crate::{
    demo::{self, Demo},
    dev,
};

#[derive(Debug, clap::Args)]
pub(super) struct DemoArgs {
    /// A folder of documents (Markdown, text, HTML, PDF), or one document. May be given several times.
    #[arg(long, default_values = ["README.md", "docs"])]
    docs: Vec<PathBuf>,
    /// What to ask of them.
    #[arg(long, default_value = "How does a run survive the crash of the process that drives it?")]
    prompt: String,
    /// Where to keep the report; a folder of the user's cache where none is named.
    #[arg(long)]
    out: Option<PathBuf>,
}

pub(super) fn run(args: DemoArgs) -> anyhow::Result<ExitCode> {
    let demo = Demo { documents: args.docs, prompt: args.prompt, out: args.out };
    let ended = block_on(async {
        tokio::select! {
            ended = demo::run(&demo) => ended,
            stopped = dev::stopped() => {
                stopped?;
                anyhow::bail!("interrupted")
            }
        }
    });
    match ended {
        Ok(outcome) => {
            println!("{outcome}");
            Ok(ExitCode::SUCCESS)
        }
        Err(error) => {
            println!("demo: failed {}", reason(&error));
            Ok(ExitCode::FAILURE)
        }
    }
}
