//! What may be wrong with an answer of the model that came to its end.

use sba_subjects::run::Failure;

use super::Thought;

/// Why an answer is none, or only the beginning of one. What follows for the run is for its plan to say.
pub(in crate::domain) fn of(thought: &Thought, withheld: bool) -> Option<Failure> {
    if withheld {
        let message = "The model's provider kept the answer, or the rest of it, back.";
        return Some(Failure::new("model_withheld", message));
    }
    let empty = thought.text.is_empty() && thought.calls.is_empty();
    match (empty, thought.cut) {
        (false, _) => None,
        (true, true) => Some(cut()),
        (true, false) => Some(Failure::new("model_empty", "The model's answer has no text.")),
    }
}

/// What an answer is that ends early because it may not be longer.
pub(super) fn cut() -> Failure {
    Failure::new("model_cut", "The model's answer was cut by the limit of tokens before it was whole.")
}

/// Whether the provider kept an answer back.
pub(super) fn is_withheld(flaw: &Failure) -> bool {
    flaw.code == "model_withheld"
}

/// Whether the model said nothing.
pub(super) fn is_empty(flaw: &Failure) -> bool {
    flaw.code == "model_empty"
}
