//! Which variants of which enums the probe has made.

use std::any::TypeId;

/// An enum that was met. The type of its visitor identifies it.
#[derive(Clone)]
pub struct Enum {
    pub visitor: TypeId,
    pub variants: Vec<Seen>,
    /// A variant that was completed once, so it does not contain itself without end.
    pub base: Option<usize>,
}

/// What is known about a variant.
#[derive(Default, Clone)]
pub struct Seen {
    /// It was made in a successful run.
    pub is_done: bool,
    /// It is made in the current run.
    pub is_busy: bool,
    /// Its `Deserialize` refuses it before it reads the content: there is no such variant.
    pub is_refused: bool,
    /// The enums that were met inside.
    pub inside: Vec<usize>,
}

impl Enum {
    /// Every variant was made or refused, and at least one was made.
    pub fn is_complete(&self) -> bool {
        let is_known = |seen: &Seen| seen.is_done || seen.is_refused;
        self.variants.iter().all(is_known) && self.variants.iter().any(|seen| seen.is_done)
    }
}

/// The variant of enum `of` to make next. `again`: the enum is already being made further out.
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
