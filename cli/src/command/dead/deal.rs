//! `sba dead redrive` and `sba dead drop`: what is done to letters, one or many.

use std::{collections::BTreeMap, process::ExitCode};

use sba_service::{
    clock::{Clock as _, SystemClock},
    dead::{Letter, Letters, Redriven},
};
use sba_store::audit::Action;
use serde_json::json;

use super::{
    super::{Operated, code},
    filter::FilterArgs,
    view::LetterView,
};
use crate::operate::{Refusal, Trail, confirm, plain};

/// What is to become of letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Deed {
    Redrive,
    Drop,
}

#[derive(Debug, clap::Args)]
pub(super) struct DealArgs {
    #[command(flatten)]
    operated: Operated,
    /// Letters, by the numbers that the list has.
    #[arg(value_name = "LETTER")]
    letters: Vec<u64>,
    #[command(flatten)]
    filter: FilterArgs,
    /// All dead letters of all tenants.
    #[arg(long)]
    all: bool,
    /// Do not ask whether to go on.
    #[arg(long)]
    yes: bool,
    /// Who does it, for the audit trail.
    #[arg(long, env = "USER", default_value = "an operator")]
    by: String,
}

pub(super) async fn run(args: &DealArgs, deed: Deed) -> anyhow::Result<ExitCode> {
    let named = !args.letters.is_empty();
    let ways = [named, !args.filter.is_empty(), args.all].into_iter().filter(|way| *way).count();
    if ways != 1 {
        return Err(Refusal::Unselected.into());
    }
    let reach = args.operated.reach().await?;
    let letters = Letters::new(reach.jetstream.clone(), reach.answer()).await?;
    let trail = Trail::open(&reach, args.by.clone()).await?;
    let meant = if named { args.letters.clone() } else { found(&letters, &args.filter).await? };
    if meant.is_empty() {
        eprintln!("No dead letter is meant.");
        return Ok(ExitCode::SUCCESS);
    }
    // What was named one by one and can be undone needs no second word.
    if !named || deed == Deed::Drop {
        confirm(&format!("{} {}?", deed.verb(), count(meant.len())), args.yes)?;
    }
    let mut refused = 0;
    for sequence in &meant {
        match deal(&letters, &trail, *sequence, deed).await {
            Ok(outcome) => say(args.operated.json, *sequence, outcome, None),
            Err(error) if meant.len() == 1 => return Err(error),
            // Somebody was faster.
            Err(error) if code::exit(&error) == code::UNKNOWN => say(args.operated.json, *sequence, "gone", None),
            // Servers that are gone stand in the way of all.
            Err(error) if code::exit(&error) == code::FAILED => return Err(error),
            Err(error) => {
                refused += 1;
                say(args.operated.json, *sequence, "refused", Some(&error));
            }
        }
    }
    Ok(if refused == 0 { ExitCode::SUCCESS } else { ExitCode::from(code::REFUSED) })
}

impl Deed {
    const fn verb(self) -> &'static str {
        match self {
            Self::Redrive => "Redrive",
            Self::Drop => "Drop",
        }
    }

    const fn action(self) -> Action {
        match self {
            Self::Redrive => Action::DeadLetterRedriven,
            Self::Drop => Action::DeadLetterDropped,
        }
    }
}

fn count(letters: usize) -> String {
    if letters == 1 { "1 dead letter".to_owned() } else { format!("{letters} dead letters") }
}

/// What the filter means now, and how much of what it is.
async fn found(letters: &Letters, filter: &FilterArgs) -> anyhow::Result<Vec<u64>> {
    let mut meant = filter.walk(letters, 0, SystemClock.now()).await?;
    let (mut sequences, mut kinds) = (Vec::new(), BTreeMap::<_, usize>::new());
    while let Some(letter) = meant.next().await? {
        sequences.push(letter.sequence);
        let view = LetterView::of(&letter);
        *kinds.entry((view.origin_and_what(), view.reason)).or_default() += 1;
    }
    for ((origin, reason), number) in kinds {
        eprintln!("{number:>6}  {}  {}", plain(&origin), plain(&reason));
    }
    Ok(sequences)
}

async fn deal(letters: &Letters, trail: &Trail, sequence: u64, deed: Deed) -> anyhow::Result<&'static str> {
    let (letter, _) = letters.open(sequence).await?;
    record(trail, &letter, deed).await?;
    Ok(match deed {
        Deed::Redrive => match letters.redrive(sequence).await? {
            Redriven::Stored => "redriven",
            Redriven::Already => "queued_already",
        },
        Deed::Drop if letters.remove(sequence).await? => "dropped",
        Deed::Drop => "gone",
    })
}

async fn record(trail: &Trail, letter: &Letter, deed: Deed) -> anyhow::Result<()> {
    // A letter of nobody that this version knows is in nobody's trail.
    let Some(tenant) = letter.tenant() else { return Ok(()) };
    let view = LetterView::of(letter);
    let what = json!({"letter": view.sequence, "subject": view.subject, "reason": view.reason});
    trail.record(tenant.id(), deed.action(), what).await
}

fn say(as_json: bool, sequence: u64, outcome: &str, why: Option<&anyhow::Error>) {
    let problem = why.map(super::super::reason);
    if as_json {
        println!("{}", json!({"sequence": sequence, "outcome": outcome, "problem": problem}));
    } else {
        println!("{sequence}  {outcome}{}", problem.map(|why| format!(": {}", plain(&why))).unwrap_or_default());
    }
}
