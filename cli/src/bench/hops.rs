//! Where the time to the first token goes, from the times that the events themselves carry.

use std::sync::{Mutex, PoisonError};

use sba_service::clock::{Clock as _, SystemClock};

use crate::client::Event;

/// The marks on a run's way, in order.
const MARKS: [&str; 5] = [
    "POST to `created` decided by the gateway",
    "to the look-up decided by an orchestrator",
    "to its result decided on by an orchestrator",
    "to the first token decided by the orchestrator",
    "to the first token at the client",
];

/// Sums over runs.
#[derive(Debug, Default)]
pub(super) struct Hops(Mutex<Sums>);

#[derive(Debug, Default)]
struct Sums {
    runs: u64,
    each: [f64; MARKS.len()],
    answered: f64,
}

/// The marks of one run, in milliseconds since 1970.
#[derive(Debug)]
pub(super) struct Marks {
    posted: f64,
    answered: f64,
    created: Option<f64>,
    asked: Option<f64>,
    found: Option<f64>,
    said: Option<f64>,
}

impl Marks {
    /// A run that is posted now.
    pub(super) fn begin() -> Self {
        let posted = now();
        Self { posted, answered: posted, created: None, asked: None, found: None, said: None }
    }

    /// The POST is answered now.
    pub(super) fn answered(&mut self) {
        self.answered = now();
    }

    /// An event came.
    pub(super) fn event(&mut self, event: &Event) {
        let ts = Some(middle(event.ts));
        let mark = match event.r#type.as_str() {
            "created" => &mut self.created,
            "tool_request" => &mut self.asked,
            "tool_result" => &mut self.found,
            "token" => &mut self.said,
            _ => return,
        };
        *mark = mark.or(ts);
    }
}

impl Hops {
    /// Adds a run whose first token is at the client now.
    pub(super) fn add(&self, marks: &Marks) {
        let seen = now();
        let (Some(created), Some(asked), Some(found), Some(said)) =
            (marks.created, marks.asked, marks.found, marks.said)
        else {
            return;
        };
        let mut sums = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        sums.runs += 1;
        sums.answered += marks.answered - marks.posted;
        let times = [marks.posted, created, asked, found, said, seen];
        for (sum, pair) in sums.each.iter_mut().zip(times.windows(2)) {
            *sum += pair[1] - pair[0];
        }
    }

    /// The means, a line each; none where no run was added.
    #[expect(clippy::cast_precision_loss, reason = "the number of runs is far below 2^52")]
    pub(super) fn lines(&self, case: &str) -> Vec<String> {
        let sums = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if sums.runs == 0 {
            return Vec::new();
        }
        let mean = |sum: f64| sum / sums.runs as f64;
        let mut lines =
            vec![format!("{case}, mean ms of {} runs (POST answered after {:.2}):", sums.runs, mean(sums.answered))];
        lines.extend(MARKS.iter().zip(sums.each).map(|(mark, sum)| format!("  {:>8.2}  {mark}", mean(sum))));
        lines
    }
}

/// Cut to a whole millisecond as an event's time is, and on the average right.
#[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970 are far below 2^52")]
fn middle(millis: u64) -> f64 {
    millis as f64 + 0.5
}

fn now() -> f64 {
    middle(SystemClock.now_millis())
}
