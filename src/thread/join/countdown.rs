//! The polls of a half that makes no joins of its own but does many steps: `map_slice`.

use super::joins::JOINS;
use crate::thread::shared::Shared;

/// Polls now and then between steps of unknown length, as a join does.
pub struct Countdown<'a>(&'a Shared);

impl<'a> Countdown<'a> {
    /// The first step is followed by a poll; later polls come as often as measured time tells.
    pub fn begin(shared: &'a Shared) -> Self {
        JOINS.with(|joins| {
            joins.countdown.set(1);
            joins.refill.set(1);
        });
        Self(shared)
    }

    /// Called after each step: polls if the countdown ends, or if a worker searches.
    #[inline]
    pub fn step(&mut self) {
        let shared = self.0;
        JOINS.with(|joins| {
            if joins.is_of(shared)
                && (!joins.count_without_poll(shared) || shared.sleepers.is_searching())
            {
                joins.poll(shared, true);
                joins.countdown.set(joins.refill.get());
            }
        });
    }
}

impl Drop for Countdown<'_> {
    fn drop(&mut self) {
        // The next join may be the outermost one of a tree, which has to be recorded.
        JOINS.with(|joins| joins.countdown.set(1));
    }
}
