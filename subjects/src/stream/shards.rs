//! The streams that the logs of runs are spread over.
//!
//! A server takes the messages of one stream one after the other, so that several streams store more at a time. Which
//! stream keeps a run follows from the `<p>` of its subjects; the subjects stay as they are.

use crate::id::{Partition, RunId};

use super::Stream;

/// How many streams there are: 1 to 256. Fixed when they are first made, for no run moves from one to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shards(u16);

impl Shards {
    /// All runs in one stream.
    pub const ONE: Self = Self(1);

    /// So many; as many as there can be, where more are asked for, and one where none is.
    #[must_use]
    pub fn new(count: u32) -> Self {
        Self(u16::try_from(count).unwrap_or(Partition::COUNT).clamp(1, Partition::COUNT))
    }

    /// The names of the streams.
    pub fn names(self) -> impl Iterator<Item = String> {
        (0..self.0).map(move |shard| self.name(shard))
    }

    /// The name of the stream that keeps a run.
    #[must_use]
    pub fn of(self, run: RunId) -> String {
        self.name(self.shard(run.partition()))
    }

    /// Which of the [`names`](Self::names) that is, counted from 0.
    #[must_use]
    pub fn index(self, run: RunId) -> usize {
        self.shard(run.partition()).into()
    }

    /// The streams with the patterns of what each keeps.
    pub(super) fn all(self) -> impl Iterator<Item = (String, Vec<String>)> {
        (0..self.0).map(move |shard| (self.name(shard), self.subjects(shard)))
    }

    fn shard(self, partition: Partition) -> u16 {
        partition.number() * self.0 / Partition::COUNT
    }

    fn name(self, shard: u16) -> String {
        if self == Self::ONE { Stream::Runs.to_string() } else { format!("{}-{shard}", Stream::Runs) }
    }

    fn subjects(self, shard: u16) -> Vec<String> {
        if self == Self::ONE {
            return Stream::Runs.subjects().iter().map(|&subject| subject.to_owned()).collect();
        }
        let mine = Partition::all().filter(|partition| self.shard(*partition) == shard);
        mine.map(|partition| format!("sba.*.run.{partition}.*.*")).collect()
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use std::collections::BTreeMap;

    use uuid::Uuid;

    use super::*;

    #[test]
    fn each_partition_has_one_stream_and_all_have_about_as_many() {
        for count in [1, 2, 3, 4, 7, 256] {
            let shards = Shards::new(count);
            let mut kept = BTreeMap::new();
            for (name, subjects) in shards.all() {
                subjects.into_iter().for_each(|subject| assert!(kept.insert(subject, name.clone()).is_none()));
            }
            assert_eq!(kept.len(), if count == 1 { 1 } else { 256 });
            let mut sizes = BTreeMap::<_, u32>::new();
            kept.values().for_each(|name| *sizes.entry(name.clone()).or_default() += 1);
            assert_eq!(sizes.len(), usize::try_from(count).unwrap());
            assert!(sizes.values().max().unwrap() - sizes.values().min().unwrap() <= 1, "{sizes:?}");
            if count > 1 {
                for n in 0..100 {
                    let run = RunId::from_uuid(Uuid::from_u128(n));
                    let subject = format!("sba.*.run.{}.*.*", run.partition());
                    assert_eq!(kept[&subject], shards.of(run));
                    assert_eq!(shards.names().nth(shards.index(run)).unwrap(), shards.of(run));
                }
            }
        }
    }

    #[test]
    fn one_stream_has_the_name_and_the_subjects_that_it_always_had() {
        let all: Vec<_> = Shards::ONE.all().collect();
        assert_eq!(all, [("RUNS".to_owned(), vec!["sba.*.run.*.*.*".to_owned()])]);
        assert_eq!(Shards::new(0), Shards::ONE);
        assert_eq!(Shards::new(2).names().collect::<Vec<_>>(), ["RUNS-0", "RUNS-1"]);
    }
}
