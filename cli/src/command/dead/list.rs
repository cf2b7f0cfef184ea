//! `sba dead list`.

use std::process::ExitCode;

use sba_service::{
    clock::{Clock as _, SystemClock},
    dead::Letters,
};

use super::{super::Operated, filter::FilterArgs, view::LetterView};
use crate::operate::{Table, since};

#[derive(Debug, clap::Args)]
pub(super) struct ListArgs {
    #[command(flatten)]
    operated: Operated,
    #[command(flatten)]
    filter: FilterArgs,
    /// Only those behind this one.
    #[arg(long, default_value_t = 0, value_name = "LETTER")]
    after: u64,
    /// Most that are listed.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..))]
    limit: u64,
}

pub(super) async fn run(args: &ListArgs) -> anyhow::Result<ExitCode> {
    let reach = args.operated.reach().await?;
    let letters = Letters::new(reach.jetstream.clone(), reach.answer()).await?;
    let now = SystemClock.now();
    let mut meant = args.filter.walk(&letters, args.after, now).await?;
    let mut table = Table::new(&["letter", "age", "tenant", "from", "reason", "attempts", "detail"]);
    let (mut listed, mut last) = (0, 0);
    while let Some(letter) = meant.next().await? {
        if listed == args.limit {
            eprintln!("There are more: --after {last}");
            break;
        }
        (listed, last) = (listed + 1, letter.sequence);
        let view = LetterView::of(&letter);
        if args.operated.json {
            println!("{}", serde_json::to_string(&view)?);
            continue;
        }
        let (age, from) = (since(view.died_at, now), view.origin_and_what());
        let tenant = view.tenant_id.unwrap_or_default();
        table.row([view.sequence.to_string(), age, tenant, from, view.reason, view.attempts.to_string(), view.detail]);
    }
    if !args.operated.json && !table.is_empty() {
        print!("{table}");
    }
    Ok(ExitCode::SUCCESS)
}
