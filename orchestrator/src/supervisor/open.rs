//! Which runs are open, and when each is to be looked at.

use std::collections::HashMap;

use rand::Rng as _;
use sba_subjects::id::{RunId, TenantKey};

use super::follow::Heard;

/// A run that was driven on in vain is looked at again after this many times the stall at the latest.
const LONGEST: u32 = 64;

/// The runs that have not ended.
pub(super) struct OpenRuns {
    runs: HashMap<RunId, Open>,
    stall_ms: u64,
}

/// A run that has not ended.
struct Open {
    tenant: TenantKey,
    /// When it was last heard of, in milliseconds since 1970.
    heard_at: u64,
    /// When to look at it; never, before it is heard of.
    look_at: Option<u64>,
    /// How often it was driven on since it was last heard of.
    vain: u32,
}

/// A run that is to be looked at.
pub(super) struct Quiet {
    pub(super) tenant: TenantKey,
    pub(super) run: RunId,
    /// When it was last heard of, in milliseconds since 1970.
    pub(super) heard_at: u64,
    look_at: u64,
}

impl OpenRuns {
    pub(super) fn new(stall_ms: u64) -> Self {
        Self { runs: HashMap::new(), stall_ms }
    }

    pub(super) fn len(&self) -> usize {
        self.runs.len()
    }

    /// Takes in what a record says.
    pub(super) fn hear(&mut self, heard: &Heard) {
        if heard.ended {
            self.runs.remove(&heard.run);
            return;
        }
        let look_at = Some(heard.at.saturating_add(spread(self.stall_ms)));
        let open = self.runs.entry(heard.run).or_insert_with(|| Open {
            tenant: heard.tenant.clone(),
            heard_at: 0,
            look_at: None,
            vain: 0,
        });
        (open.heard_at, open.look_at, open.vain) = (heard.at, look_at, 0);
    }

    /// The runs that are to be looked at, the longest due first, at most so many.
    pub(super) fn quiet(&self, now: u64, most: usize) -> Vec<Quiet> {
        let due = |(run, open): (&RunId, &Open)| {
            let look_at = open.look_at.filter(|at| *at <= now)?;
            Some(Quiet { tenant: open.tenant.clone(), run: *run, heard_at: open.heard_at, look_at })
        };
        let mut quiet: Vec<Quiet> = self.runs.iter().filter_map(due).collect();
        quiet.sort_unstable_by_key(|quiet| quiet.look_at);
        quiet.truncate(most);
        quiet
    }

    /// The run ended: its end was not heard, or its log is gone.
    pub(super) fn forget(&mut self, quiet: &Quiet) {
        self.runs.remove(&quiet.run);
    }

    /// The run is well: it is looked at again at this time, in milliseconds since 1970, or when it is heard of.
    pub(super) fn look_again(&mut self, quiet: &Quiet, at: Option<u64>) {
        if let Some(open) = self.unheard(quiet) {
            open.look_at = at;
        }
    }

    /// The run was driven on, or could not be looked at: it is left alone for a while, each time for longer.
    pub(super) fn driven_on(&mut self, quiet: &Quiet, now: u64) {
        let stall = self.stall_ms;
        if let Some(open) = self.unheard(quiet) {
            let times = 2_u32.saturating_pow(open.vain).min(LONGEST);
            open.vain = open.vain.saturating_add(1);
            open.look_at = Some(now.saturating_add(spread(stall.saturating_mul(times.into()))));
        }
    }

    /// The run, unless it was heard of since.
    fn unheard(&mut self, quiet: &Quiet) -> Option<&mut Open> {
        self.runs.get_mut(&quiet.run).filter(|open| open.heard_at == quiet.heard_at)
    }
}

/// So long, and up to a quarter more by chance: runs that stopped together are not looked at together.
fn spread(millis: u64) -> u64 {
    millis.saturating_add(rand::rng().random_range(0..=millis / 4))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use uuid::Uuid;

    use super::*;

    const STALL: u64 = 1_000;

    fn heard(run: u128, at: u64, ended: bool) -> Heard {
        let tenant = format!("A{}", "B".repeat(55)).parse().unwrap();
        Heard { tenant, run: RunId::from_uuid(Uuid::from_u128(run)), ended, at }
    }

    fn runs(quiet: &[Quiet]) -> Vec<u128> {
        quiet.iter().map(|quiet| quiet.run.as_uuid().as_u128()).collect()
    }

    #[test]
    fn a_run_is_quiet_when_nothing_was_heard_of_it_for_a_while_until_it_ends() {
        let mut open = OpenRuns::new(STALL);
        for run in [1, 2, 3] {
            open.hear(&heard(run, 100, false));
        }
        open.hear(&heard(2, 5_000, false));
        open.hear(&heard(3, 6_000, true));
        assert_eq!(open.len(), 2);
        assert!(open.quiet(100 + STALL - 1, 10).is_empty(), "not yet");
        assert_eq!(runs(&open.quiet(5_000, 10)), [1]);
        open.hear(&heard(1, 5_000, true));
        assert_eq!(runs(&open.quiet(u64::MAX, 10)), [2]);
    }

    #[test]
    fn the_longest_due_come_first_and_no_more_than_asked_for() {
        let mut open = OpenRuns::new(STALL);
        for run in 1..=100 {
            open.hear(&heard(run, u64::try_from(run).unwrap() * 10 * STALL, false));
        }
        assert_eq!(runs(&open.quiet(u64::MAX, 3)), [1, 2, 3]);
    }

    #[test]
    fn a_run_that_is_driven_on_in_vain_is_looked_at_less_and_less() {
        let mut open = OpenRuns::new(STALL);
        open.hear(&heard(1, 0, false));
        let mut now = 0;
        let mut pauses = Vec::new();
        for _ in 0..10 {
            let begun = now;
            while open.quiet(now, 1).is_empty() {
                now += 10;
            }
            pauses.push((now - begun) / STALL);
            let quiet = open.quiet(now, 1);
            open.driven_on(&quiet[0], now);
        }
        let most = u64::from(LONGEST);
        assert!(
            pauses.iter().zip([1, 1, 2, 4, 8, 16, 32, 64, most, most]).all(|(p, due)| (due..=due * 5 / 4).contains(p)),
            "{pauses:?}"
        );
        open.hear(&heard(1, now, false));
        assert_eq!(open.quiet(now + 2 * STALL, 1).len(), 1, "once it is heard of, as at first");
    }

    #[test]
    fn what_was_seen_of_a_run_does_not_count_once_it_was_heard_of() {
        let mut open = OpenRuns::new(STALL);
        open.hear(&heard(1, 0, false));
        let quiet = open.quiet(u64::MAX, 1).remove(0);
        open.look_again(&quiet, None);
        assert!(open.quiet(u64::MAX, 1).is_empty(), "only what is heard of it counts");
        open.hear(&heard(1, 10, false));
        open.look_again(&quiet, None);
        assert_eq!(open.quiet(u64::MAX, 1).len(), 1);
        open.forget(&quiet);
        assert_eq!(open.len(), 0);
    }
}
