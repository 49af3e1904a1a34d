//! The state of the probe over its runs: the choices, the notes, and the variants that were made.

use super::super::described::{Out, Tag};
use super::question::{Outcome, Question, Trial, What};
use super::refused::Refused;
use super::seen::Enum;
use serde::Deserialize;
use std::any::TypeId;
use std::collections::HashSet;

/// The moods of the probe, which decide what is made up. In the first one values are as small as possible.
pub struct Moods;

impl Moods {
    pub fn all() -> impl Iterator<Item = usize> {
        0..4
    }
}

/// What to do after a successful run.
pub enum Next {
    /// Every variant was made.
    Done,
    /// Some variants were not made.
    More,
    /// Some variants were not made, and no run leads to them.
    Stuck,
}

/// A choice of a run.
#[derive(Clone, Copy)]
pub enum Choice {
    /// One of several values: the one that was tried last.
    Of { tried: usize, of: usize },
    /// A variant. It is not changed on failure, since all variants have to be made.
    Variant(usize),
}

/// Makes values up, run after run.
#[derive(Clone)]
pub struct Feeder {
    pub mood: usize,
    /// The choices of this run. The ones kept from the last run are made again.
    pub choices: Vec<Choice>,
    /// How many choices were made in this run.
    pub made: usize,
    pub fed: Out,
    /// The active visitors, outermost first.
    pub visitors: Vec<TypeId>,
    pub enums: Vec<Enum>,
    /// The variants that are being made: enum and index.
    pub open: Vec<(usize, usize)>,
    /// The variant that its `Deserialize` refused: its choice, its enum, its index.
    pub refused: Option<(usize, usize, usize)>,
    /// A value was refused in this run.
    pub has_failed: bool,
    pub is_unsure: bool,
    /// How many tuples there were in this run.
    pub tuples: usize,
    /// The tuple that gets one element less.
    pub short: Option<usize>,
    /// The requests of this run.
    pub questions: Vec<Question>,
    pub trial: Option<Trial>,
    /// The visitors that have been tried, by what they ask for.
    pub tried: HashSet<(TypeId, Tag)>,
}

impl Feeder {
    /// `tried`: the visitors that need no trial any more.
    pub fn new(mood: usize, tried: HashSet<(TypeId, Tag)>) -> Self {
        Self {
            mood,
            choices: Vec::new(),
            made: 0,
            fed: Out::default(),
            visitors: Vec::new(),
            enums: Vec::new(),
            open: Vec::new(),
            refused: None,
            has_failed: false,
            is_unsure: false,
            tuples: 0,
            short: None,
            questions: Vec::new(),
            trial: None,
            tried,
        }
    }

    /// What was tried, for the next mood.
    pub fn into_tried(self) -> HashSet<(TypeId, Tag)> {
        self.tried
    }

    /// The requests of the last run whose visitors had no trial yet.
    pub fn untried(&mut self) -> Vec<(usize, Question)> {
        let questions = self.questions.iter().enumerate();
        let new = questions.filter(|(_, one)| self.tried.insert((one.visitor, one.asked)));
        new.map(|(at, one)| (at, one.clone())).collect()
    }

    /// A copy that repeats the run, and gives another answer to one request.
    pub fn tried(&self, question: usize, what: What) -> Self {
        let mut again = self.clone();
        again.trial = Some(Trial {
            question,
            asked: self.questions[question].clone(),
            what,
            outcome: Outcome::NotMet,
        });
        again.begin();
        again
    }

    /// How the trial went.
    pub fn outcome(&self) -> Outcome {
        let outcome = self.trial.as_ref().map(|trial| trial.outcome);
        outcome.unwrap_or(Outcome::NotMet)
    }

    /// How many tuples, tuple structs and tuple variants there were in this run.
    pub fn tuples(&self) -> usize {
        self.tuples
    }

    /// A copy that repeats the run, with one element less in one tuple.
    pub fn shortened(&self, tuple: usize) -> Self {
        let mut again = self.clone();
        again.short = Some(tuple);
        again.begin();
        again
    }

    pub fn begin(&mut self) {
        self.made = 0;
        self.tuples = 0;
        self.questions.clear();
        self.fed.0.clear();
        self.visitors.clear();
        self.open.clear();
        self.refused = None;
        self.has_failed = false;
        for seen in self.enums.iter_mut().flat_map(|one| &mut one.variants) {
            seen.is_busy = false;
        }
    }

    pub fn feed<'de, T: Deserialize<'de>>(&mut self) -> Result<T, Refused> {
        let value = T::deserialize(&mut *self)?;
        // A type that goes on after a value that it could not read would, in the plain form, read on in the middle of it.
        self.is_unsure |= self.has_failed;
        Ok(value)
    }

    /// Whether a request was made that the plain form cannot answer.
    pub fn is_unsure(&self) -> bool {
        self.is_unsure
    }

    /// The notes: a description of what was read.
    pub fn fed(&self) -> &[u8] {
        &self.fed.0
    }

    pub fn succeed(&mut self) -> Next {
        self.choices.clear();
        let mut went_on = false;
        for seen in self.enums.iter_mut().flat_map(|one| &mut one.variants) {
            went_on |= seen.is_busy && !seen.is_done;
            seen.is_done |= seen.is_busy;
        }
        match self.enums.iter().all(Enum::is_complete) {
            true => Next::Done,
            false if went_on => Next::More,
            false => Next::Stuck,
        }
    }

    /// After a failed run: changes the last choice that can be changed. False: there is none.
    pub fn retreat(&mut self) -> bool {
        self.choices.truncate(self.made);
        if let Some((choice, of, index)) = self.refused {
            self.enums[of].variants[index].is_refused = true;
            self.choices.truncate(choice);
            return true;
        }
        while let Some(last) = self.choices.pop() {
            if let Choice::Of { tried, of } = last
                && tried + 1 < of
            {
                let tried = tried + 1;
                self.choices.push(Choice::Of { tried, of });
                return true;
            }
        }
        false
    }

    /// Chooses one of `of` values, beginning with `first`.
    pub fn choose(&mut self, first: usize, of: usize) -> usize {
        let tried = match self.choices.get(self.made) {
            Some(Choice::Of { tried, .. }) => *tried,
            _ => {
                self.choices.truncate(self.made);
                self.choices.push(Choice::Of { tried: 0, of });
                0
            }
        };
        self.made += 1;
        (first + tried) % of
    }

    pub fn unsure<T>(&mut self) -> Result<T, Refused> {
        self.is_unsure = true;
        Err(Refused::OTHER)
    }
}
