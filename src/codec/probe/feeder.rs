//! What made-up values are made of, run after run: choices, notes, and what has been seen.

use super::super::described::{Out, Tag};
use super::question::{Outcome, Question, Trial, What};
use super::refused::Refused;
use super::seen::Enum;
use serde::Deserialize;
use std::any::TypeId;
use std::collections::HashSet;

/// What is made up in general: in the first, as little as can be.
pub struct Moods;

impl Moods {
    pub fn all() -> impl Iterator<Item = usize> {
        0..4
    }
}

/// What comes after a run that went well.
pub enum Next {
    /// All has been seen.
    Done,
    /// There are variants that have not been.
    More,
    /// And nothing leads to them.
    Stuck,
}

/// Something that could have been chosen otherwise.
#[derive(Clone, Copy)]
pub enum Choice {
    /// Which one of several was tried last.
    Of { tried: usize, of: usize },
    /// A variant is not chosen again: all of them have to be seen.
    Variant(usize),
}

/// Makes values up, run after run.
#[derive(Clone)]
pub struct Feeder {
    pub mood: usize,
    /// The choices of this run; those of the last one are made again as far as they are kept.
    pub choices: Vec<Choice>,
    /// How many have been made.
    pub made: usize,
    pub fed: Out,
    /// The visitors that are at work, outermost first.
    pub visitors: Vec<TypeId>,
    pub enums: Vec<Enum>,
    /// The variants that are being made: enum and index.
    pub open: Vec<(usize, usize)>,
    /// The variant that nobody can read: its choice, its enum, its index.
    pub refused: Option<(usize, usize, usize)>,
    /// Something was refused, in this run.
    pub has_failed: bool,
    pub is_unsure: bool,
    /// How many tuples there were in this run.
    pub tuples: usize,
    /// The one of them that lacks its last element.
    pub short: Option<usize>,
    /// What was asked in this run.
    pub questions: Vec<Question>,
    pub trial: Option<Trial>,
    /// The visitors that have been tried, by what they ask for.
    pub tried: HashSet<(TypeId, Tag)>,
}

impl Feeder {
    /// Of `tried` all is known that trials say.
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

    /// The questions of the last run whose visitors have not been tried.
    pub fn untried(&mut self) -> Vec<(usize, Question)> {
        let questions = self.questions.iter().enumerate();
        let new = questions.filter(|(_, one)| self.tried.insert((one.visitor, one.asked)));
        new.map(|(at, one)| (at, one.clone())).collect()
    }

    /// The same run again, in which one question is answered otherwise.
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

    /// The same run again, in which one tuple lacks its last element.
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
        // Whoever makes something else of what it cannot read would, in the plain form, read on in the middle of it.
        self.is_unsure |= self.has_failed;
        Ok(value)
    }

    /// Was something asked for that the plain form does not have?
    pub fn is_unsure(&self) -> bool {
        self.is_unsure
    }

    /// What was taken.
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

    /// Chooses otherwise where it was chosen last. False: there is nothing else to choose.
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

    /// One of so many, beginning with this one.
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
