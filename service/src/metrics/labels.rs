//! Label values that come from outside, in bounded number.

use std::{
    collections::HashSet,
    sync::{Arc, RwLock},
};

/// A family of metrics that refuses to grow for ever: values beyond the limit share the label `other`.
#[derive(Debug, Clone)]
pub(super) struct Bounded<F> {
    family: F,
    known: Arc<RwLock<HashSet<String>>>,
    limit: usize,
}

impl<F> Bounded<F> {
    pub(super) fn new(family: F, limit: usize) -> Self {
        Self { family, known: Arc::default(), limit }
    }

    pub(super) fn family(&self) -> &F {
        &self.family
    }

    pub(super) fn with(&self, value: &str, record: impl FnOnce(&F, &str)) {
        record(&self.family, if self.admits(value) { value } else { "other" });
    }

    fn admits(&self, value: &str) -> bool {
        if self.known.read().is_ok_and(|known| known.contains(value)) {
            return true;
        }
        let Ok(mut known) = self.known.write() else { return false };
        known.contains(value) || (known.len() < self.limit && known.insert(value.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    #[test]
    fn values_beyond_the_limit_share_a_label() {
        let bounded = Bounded::new(RefCell::new(Vec::new()), 2);
        for value in ["a", "b", "c", "a", "d"] {
            bounded.with(value, |seen, label| seen.borrow_mut().push(label.to_owned()));
        }
        assert_eq!(*bounded.family().borrow(), ["a", "b", "other", "a", "other"]);
    }
}
