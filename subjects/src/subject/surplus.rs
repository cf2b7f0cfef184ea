//! Subjects beyond a tenant's share of a queue.

use super::Subject;
use crate::share::SharedQueue;

/// The subject of a message beyond its tenant's share of a queue: that of its place within, with `surplus.` before its
/// family.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Surplus(Box<Subject>);

impl Surplus {
    /// The subject beyond the share; `None` for what is never held back.
    #[must_use]
    pub fn of(subject: Subject) -> Option<Self> {
        SharedQueue::of(&subject).map(|_| Self(Box::new(subject)))
    }

    /// The subject within the share.
    #[must_use]
    pub fn within(&self) -> &Subject {
        &self.0
    }
}

impl Subject {
    /// The subject within the tenant's share of a queue, for one that is beyond it; else the subject itself.
    #[must_use]
    pub fn within_share(self) -> Self {
        match self {
            Self::Surplus(surplus) => *surplus.0,
            other => other,
        }
    }

    /// Where a message may stand that has this subject within its tenant's share of a queue: there, or beyond the share.
    #[must_use]
    pub fn places(self) -> Vec<Self> {
        let beyond = Surplus::of(self.clone()).map(Self::Surplus);
        std::iter::once(self).chain(beyond).collect()
    }
}
