//! The variants that have been seen, and those that have not.

use std::any::TypeId;

/// An enum that was met: the type of its visitor stands for it.
#[derive(Clone)]
pub struct Enum {
    pub visitor: TypeId,
    pub variants: Vec<Seen>,
    /// One that was completed: it does not go round in circles.
    pub base: Option<usize>,
}

/// What is known of a variant.
#[derive(Default, Clone)]
pub struct Seen {
    /// In a run that went well.
    pub is_done: bool,
    /// In the run that goes on.
    pub is_busy: bool,
    /// It cannot be read, whatever it holds: there is none.
    pub is_refused: bool,
    /// The enums that were met inside.
    pub inside: Vec<usize>,
}

impl Enum {
    pub fn is_complete(&self) -> bool {
        let is_known = |seen: &Seen| seen.is_done || seen.is_refused;
        self.variants.iter().all(is_known) && self.variants.iter().any(|seen| seen.is_done)
    }
}

/// The variant that is made next of this enum.
pub fn pick(enums: &[Enum], of: usize, again: bool) -> Option<usize> {
    let one = &enums[of];
    let find = |is_it: &dyn Fn(&Seen) -> bool| {
        let is_it = |seen: &Seen| !seen.is_refused && is_it(seen);
        one.variants.iter().position(is_it)
    };
    let leads_on = |seen: &Seen| {
        let is_open = |&met: &usize| met != of && !enums[met].is_complete();
        !again && seen.inside.iter().any(is_open)
    };
    find(&|seen| !seen.is_done && !seen.is_busy)
        .or_else(|| find(&leads_on))
        .or(one.base)
        .or_else(|| find(&|_| true))
}
