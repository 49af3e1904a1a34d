//! Countdown around, as a join takes them, for a half that does many things without a join of its own.

use super::super::shared::Shared;
use super::JOINS;

/// Countdown around between things whose length nobody knows.
pub struct Countdown<'a>(&'a Shared);

impl<'a> Countdown<'a> {
    /// The first look comes at once, then as often as time tells.
    pub fn begin(shared: &'a Shared) -> Self {
        JOINS.with(|joins| {
            joins.countdown.set(1);
            joins.refill.set(1);
        });
        Self(shared)
    }

    /// After each of them.
    #[inline]
    pub fn look(&mut self) {
        let shared = self.0;
        JOINS.with(|joins| {
            if joins.is_of(shared) && (!joins.is_plain(shared) || shared.idle.is_searching()) {
                joins.look_around(shared, true);
                joins.countdown.set(joins.refill.get());
            }
        });
    }
}

impl Drop for Countdown<'_> {
    fn drop(&mut self) {
        // The next join may be the outermost one of a tree, and is to be written down.
        JOINS.with(|joins| joins.countdown.set(1));
    }
}
