//! `sba dead show`.

use std::process::ExitCode;

use sba_service::dead::Letters;

use super::{super::Operated, view::OpenedView};
use crate::operate::{plain, time};

#[derive(Debug, clap::Args)]
pub(super) struct ShowArgs {
    #[command(flatten)]
    operated: Operated,
    /// The letter, by the number that the list has.
    letter: u64,
}

pub(super) async fn run(args: &ShowArgs) -> anyhow::Result<ExitCode> {
    let reach = args.operated.reach().await?;
    let letters = Letters::new(reach.jetstream.clone(), reach.answer()).await?;
    let (letter, body) = letters.open(args.letter).await?;
    let view = OpenedView::of(&letter, &body);
    if args.operated.json {
        println!("{}", serde_json::to_string(&view)?);
    } else {
        print(&view)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn print(view: &OpenedView) -> anyhow::Result<()> {
    let letter = &view.letter;
    let line = |name: &str, text: &str| println!("{name:<10}{}", plain(text));
    line("letter", &letter.sequence.to_string());
    line("died", &time(letter.died_at));
    for (name, text) in [
        ("tenant", &letter.tenant_id),
        ("run", &letter.run_id),
        ("call", &letter.call_id),
        ("published", &letter.published_at),
        ("trace", &view.trace_id),
    ] {
        text.iter().for_each(|text| line(name, text));
    }
    line("subject", &letter.subject);
    line("reason", &letter.reason);
    line("detail", &letter.detail);
    line("attempts", &letter.attempts.to_string());
    for (name, values) in &view.headers {
        values.iter().for_each(|value| line("header", &format!("{name}: {value}")));
    }
    match (&view.body, &view.body_problem) {
        (Some(body), _) => {
            println!("body");
            // JSON has no control characters but the ends of its lines.
            serde_json::to_string_pretty(body)?.lines().for_each(|text| println!("  {}", plain(text)));
        }
        (None, problem) => line("body", problem.as_deref().unwrap_or_default()),
    }
    Ok(())
}
