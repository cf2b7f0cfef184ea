//! The shapes of runs that are in flight at the same time.

use rand::{Rng as _, rngs::StdRng};
use serde_json::{Value, json};

use crate::model::{Turn, prompt};

/// What a run is like, and what its client does with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Shape {
    /// Look up, write, render.
    Report,
    /// The model calls tools, several at once.
    Tools,
    /// A tenant that wants some calls approved.
    Careful,
    /// The model asks a person.
    Question,
    /// The model asks a person, and nobody answers.
    Silence,
    /// Somebody cancels it.
    Cancelled,
    /// Somebody holds it, and lets it go on.
    Held,
    /// One call, asked for by name.
    Direct,
    /// The model asks for tools that there are not, and for others wrongly.
    Nonsense,
}

/// All of them, as often as they come.
const LOTS: [(Shape, u32); 9] = [
    (Shape::Report, 3),
    (Shape::Tools, 6),
    (Shape::Careful, 3),
    (Shape::Question, 2),
    (Shape::Silence, 1),
    (Shape::Cancelled, 2),
    (Shape::Held, 2),
    (Shape::Direct, 2),
    (Shape::Nonsense, 1),
];

impl Shape {
    /// One by lot.
    pub fn draw(lots: &mut StdRng) -> Self {
        let all: u32 = LOTS.iter().map(|(_, share)| share).sum();
        let mut lot = lots.random_range(0..all);
        for (shape, share) in LOTS {
            match lot.checked_sub(share) {
                Some(left) => lot = left,
                None => return shape,
            }
        }
        Self::Tools
    }

    /// Where it is started, and with what; `number` tells it from others.
    #[must_use]
    pub fn request(self, number: u64) -> (&'static str, Value) {
        let word = format!("run-{number}");
        let run = |turns: Vec<Turn>| json!({"prompt": prompt(&word, turns), "workflow": "agentic"});
        let body = match self {
            Self::Report => json!({"prompt": prompt("When are invoices due?", [Turn::slowly(WORDS, 5)])}),
            Self::Tools => run(vec![think(&word, true), create(&word), think(&word, false)]),
            Self::Careful => run(vec![think(&word, true), create(&word)]),
            Self::Question => run(vec![ask(), create(&word)]),
            Self::Silence => run(vec![ask()]),
            Self::Cancelled | Self::Held => run(vec![think(&word, true), think(&word, false), create(&word)]),
            Self::Direct => return ("tools/execute", json!({"tool_name": "task_create", "params": {"title": word}})),
            Self::Nonsense => run(vec![nonsense(), create(&word)]),
        };
        ("runs", body)
    }
}

/// What the model says while others are at work.
const WORDS: &str = "Invoices are due within thirty days, and rent is due on the first of each month.";

/// Words, then calls whose effects stand in the ledger.
fn think(word: &str, first: bool) -> Turn {
    let id = uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_OID, word.as_bytes());
    let title = if first { "the first" } else { "the second" };
    let calls = Turn::calls([
        ("task_update", json!({"task_id": id, "title": title})),
        ("task_complete", json!({"task_id": if first { id } else { uuid::Uuid::nil() }})),
        ("task_list", json!({"limit": if first { 1 } else { 2 }})),
    ]);
    Turn { say: WORDS.to_owned(), pause_ms: 10, ..calls }
}

/// A call whose effect is a row.
fn create(word: &str) -> Turn {
    Turn::calls([("task_create", json!({"title": word})), ("knowledge_search", json!({"query": "When is rent due?"}))])
}

fn ask() -> Turn {
    Turn::calls([("ask_person", json!({"question": "Whom?", "options": ["Ann", "Bob"]}))])
}

fn nonsense() -> Turn {
    Turn::calls([("rm_rf", json!({})), ("task_create", json!({"title": 7})), ("task_list", json!({"limit": "all"}))])
}
