//! What a model is: a program, what may come of it, and how far each checker explores it.

use crate::harness::{Model, Outcomes};

/// A model, written once and run by both checkers.
#[derive(Clone, Copy)]
pub struct Scenario {
    /// `<protocol>/<what happens>`, in reports and in the tables of the docs.
    pub name: &'static str,
    /// The test: `<file>::<what happens>`.
    pub test: &'static str,
    /// What it shows, for the table in the docs.
    pub shows: &'static str,
    /// Outcomes that an exhaustive run must see.
    pub must: &'static [&'static str],
    /// Outcomes of weak memory: loom must see them, shuttle cannot.
    pub must_weak: &'static [&'static str],
    /// Outcomes that a run may see.
    pub may: &'static [&'static str],
    /// Outcomes that would be a bug; whatever is not declared is one, too.
    pub forbidden: &'static [&'static str],
    /// How many of an execution's futex waits may be struck by a fault, one at a time.
    pub faults: usize,
    /// Whether a thread is [`mortal`](crate::sync::faults::mortal): it dies after each number of steps.
    pub cuts: bool,
    /// How many threads an execution has at most, the main one included, in a model that a checker explores exhaustively.
    /// 0: they are not counted.
    pub threads: usize,
    /// The protocol is broken on purpose: a run must panic with this text in the message.
    pub must_fail: Option<&'static str>,
    pub loom: Loom,
    pub shuttle: Shuttle,
    pub body: fn(&Outcomes),
}

/// How far loom explores a model.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Loom {
    /// It does not: the model is shuttle's alone.
    No,
    Explores {
        bound: Option<usize>,
        at_least: u64,
    },
}

impl Loom {
    /// All executions. For two threads.
    #[must_use]
    pub const fn unbounded() -> Self {
        let bound = None;
        Self::Explores { bound, at_least: 2 }
    }

    /// All executions with so many preemptions at most. For three threads and more.
    #[must_use]
    pub const fn bound(preemptions: usize) -> Self {
        let bound = Some(preemptions);
        Self::Explores { bound, at_least: 2 }
    }

    /// Fewer executions, faults aside, are a failure.
    #[must_use]
    pub const fn at_least(self, at_least: u64) -> Self {
        match self {
            Self::No => panic!("of what loom explores"),
            Self::Explores { bound, .. } => Self::Explores { bound, at_least },
        }
    }
}

/// How far shuttle explores a model.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Shuttle {
    /// It does not: the model is loom's alone.
    No,
    Exhaustive {
        at_least: u64,
    },
    Sampled(usize),
    Random(usize),
    Pct {
        depth: usize,
        schedules: usize,
    },
}

impl Shuttle {
    /// All schedules, depth-first.
    #[must_use]
    pub const fn exhaustive() -> Self {
        Self::Exhaustive { at_least: 2 }
    }

    /// Fewer schedules of an exhaustive search, faults aside, are a failure.
    #[must_use]
    pub const fn at_least(self, at_least: u64) -> Self {
        match self {
            Self::Exhaustive { .. } => Self::Exhaustive { at_least },
            _ => panic!("of an exhaustive search"),
        }
    }

    /// So many random schedules, and as many with three priority changes each (PCT). For a model that is too large for an
    /// exhaustive search, or endless: a thread that spins can be scheduled for ever.
    #[must_use]
    pub const fn sampled(schedules: usize) -> Self {
        Self::Sampled(schedules)
    }

    /// So many random schedules.
    #[must_use]
    pub const fn random(schedules: usize) -> Self {
        Self::Random(schedules)
    }

    /// So many schedules with `depth` priority changes each (PCT).
    #[must_use]
    pub const fn pct(depth: usize, schedules: usize) -> Self {
        Self::Pct { depth, schedules }
    }
}

impl Scenario {
    /// For `..Scenario::EMPTY`.
    pub const EMPTY: Self = Self {
        name: "",
        test: "",
        shows: "",
        must: &[],
        must_weak: &[],
        may: &[],
        forbidden: &[],
        faults: 0,
        cuts: false,
        threads: 2,
        must_fail: None,
        loom: Loom::No,
        shuttle: Shuttle::No,
        body: |_| {},
    };

    /// Does this build's checker run it?
    #[must_use]
    pub fn is_run(&self) -> bool {
        if cfg!(raddle_loom) {
            self.loom != Loom::No
        } else {
            self.shuttle != Shuttle::No
        }
    }

    /// Runs it under this build's checker.
    ///
    /// # Panics
    ///
    /// If it fails.
    pub fn check(&self) {
        self.check_as(self.name, self.body);
    }

    /// The same under another name, with another body.
    pub(crate) fn check_as(
        &self,
        name: &'static str,
        body: impl Fn(&Outcomes) + Copy + Send + Sync + 'static,
    ) {
        #[cfg(raddle_loom)]
        if let Loom::Explores { bound, at_least } = self.loom {
            let model = self.model(name).bound(bound).min_executions(at_least);
            model.run(body);
        }
        #[cfg(raddle_shuttle)]
        match self.shuttle {
            Shuttle::No => {}
            Shuttle::Exhaustive { at_least } => self.model(name).min_executions(at_least).run(body),
            Shuttle::Sampled(schedules) => {
                self.model(name).run_random(schedules, body);
                self.model(name).run_pct(3, schedules, body);
            }
            Shuttle::Random(schedules) => self.model(name).run_random(schedules, body),
            Shuttle::Pct { depth, schedules } => self.model(name).run_pct(depth, schedules, body),
        }
    }

    fn model(&self, name: &'static str) -> Model {
        let model = Model::new(name)
            .must(self.must)
            .must_weak(self.must_weak)
            .may(self.may)
            .forbidden(self.forbidden)
            .faults(self.faults)
            .cuts(self.cuts)
            .threads(self.threads);
        match self.must_fail {
            Some(text) => model.must_fail(text),
            None => model,
        }
    }
}
