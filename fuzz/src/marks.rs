//! What a program has reached: so that a fuzzer that explores nothing is noticed, and seeds can be chosen.

use std::collections::BTreeSet;

/// Names of what was reached.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Marks(BTreeSet<&'static str>);

impl Marks {
    /// Notes one.
    pub fn reach(&mut self, mark: &'static str) {
        self.0.insert(mark);
    }

    /// Adds those of another program; returns how many were new.
    pub fn add(&mut self, other: &Self) -> usize {
        let before = self.0.len();
        self.0.extend(&other.0);
        self.0.len() - before
    }

    /// How many of the other's marks are not here.
    pub fn missing_from(&self, other: &Self) -> usize {
        other.0.difference(&self.0).count()
    }

    /// Those of `all` that were not reached.
    pub fn unreached(&self, all: &[&'static str]) -> Vec<&'static str> {
        let unreached = all.iter().filter(|mark| !self.0.contains(**mark));
        unreached.copied().collect()
    }

    /// Those that are not in `all`.
    pub fn unknown(&self, all: &[&'static str]) -> Vec<&'static str> {
        let unknown = self.0.iter().filter(|mark| !all.contains(mark));
        unknown.copied().collect()
    }
}
