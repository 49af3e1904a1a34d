//! `map_slice`: an ordered map over a slice, results written in place, no future per item.
//!
//! Whoever takes part goes through a range of the items, a share at a time, and who has none left takes the later half
//! of the longest other ([`super::ranges`]): nobody waits before all items have been begun, wherever the
//! dear ones lie. Threads come to it by joins: place `k` offers places `2k + 1` and `2k + 2`, so that
//! none has more written down than a join keeps.

use super::ThreadPool;
use super::join;
use super::ranges::Ranges;
use std::mem::{ManuallyDrop, MaybeUninit};
use std::ops::Range;

/// The fewest shares per worker: enough that the first ones, which nobody can take a part of, are short.
const SHARES: usize = 256;

/// Results that have been written, in a row. Dropped when a panic passes by.
struct Written<R> {
    first: *mut R,
    count: usize,
}

// SAFETY: it owns its results, which are Send where it is used.
unsafe impl<R: Send> Send for Written<R> {}

impl<R> Drop for Written<R> {
    fn drop(&mut self) {
        // SAFETY: so many results were written from `first` on, and they are ours.
        unsafe { std::ptr::slice_from_raw_parts_mut(self.first, self.count).drop_in_place() };
    }
}

/// All that one thread has written.
struct Rows<R>(Vec<Written<R>>);

impl<R> Rows<R> {
    fn add(&mut self, row: Written<R>) {
        match self.0.last_mut() {
            Some(last) if last.first.wrapping_add(last.count) == row.first => {
                last.count += ManuallyDrop::new(row).count;
            }
            _ => self.0.push(row),
        }
    }

    fn with(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }

    /// How many results there are; they are the caller's from now on.
    fn let_go(self) -> usize {
        let rows = self.0.into_iter().map(ManuallyDrop::new);
        rows.map(|row| row.count).sum()
    }
}

struct SliceMap<'a, T, R, F> {
    pool: &'a ThreadPool,
    items: &'a [T],
    /// As many places as there are items.
    results: *mut R,
    f: &'a F,
    /// How many items one in `ranges` stands for: 1, but for slices whose length needs more than 32 bits.
    unit: usize,
    ranges: Ranges,
}

// SAFETY: items and function are shared, and each result is written by the one thread that has its item.
unsafe impl<T: Sync, R: Send, F: Sync> Sync for SliceMap<'_, T, R, F> {}

/// See [`ThreadPool::map_slice`].
pub fn map<T, R>(pool: &ThreadPool, items: &[T], f: &(impl Fn(&T) -> R + Sync)) -> Vec<R>
where
    T: Sync,
    R: Send,
{
    let mut results = Vec::with_capacity(items.len());
    let unit = (items.len() >> u32::BITS) + 1;
    let units = items.len().div_ceil(unit) as u32;
    let most = units / (pool.workers() * SHARES) as u32;
    let map = SliceMap {
        pool,
        items,
        results: results.as_mut_ptr(),
        f,
        unit,
        ranges: Ranges::new(units, most.max(1), pool.workers()),
    };
    let written = map.share(0).let_go();
    assert_eq!(written, items.len(), "each item was done once");
    // SAFETY: every result was written in its place, and let go.
    unsafe { results.set_len(items.len()) };
    results
}

/// Takes what is left from the others when a panic passes by.
struct ClearOnUnwind<'a>(&'a Ranges);

impl Drop for ClearOnUnwind<'_> {
    fn drop(&mut self) {
        self.0.clear();
    }
}

impl<T, R, F> SliceMap<'_, T, R, F>
where
    T: Sync,
    R: Send,
    F: Fn(&T) -> R + Sync,
{
    /// Takes part at this place, and offers those below it.
    fn share(&self, place: usize) -> Rows<R> {
        let below = 2 * place + 1;
        if self.ranges.is_empty() {
            return Rows(Vec::new());
        }
        match self.ranges.places().saturating_sub(below) {
            0 => self.work(place),
            1 => self.both(|| self.work(place), || self.share(below)),
            _ => self.both(
                || self.work(place),
                || self.both(|| self.share(below), || self.share(below + 1)),
            ),
        }
    }

    fn both(
        &self,
        a: impl FnOnce() -> Rows<R> + Send,
        b: impl FnOnce() -> Rows<R> + Send,
    ) -> Rows<R> {
        let (a, b) = self.pool.join(a, b);
        a.with(b)
    }

    fn work(&self, place: usize) -> Rows<R> {
        let mut rows = Rows(Vec::new());
        // UNWIND: if `f` panics, the others find nothing more, and `rows` drops what is here.
        let clear = ClearOnUnwind(&self.ranges);
        let mut countdown = join::Countdown::begin(self.pool.shared());
        while let Some(share) = self.ranges.next(place) {
            rows.add(self.row(share));
            countdown.step();
        }
        std::mem::forget(clear);
        rows
    }

    fn row(&self, share: Range<u32>) -> Written<R> {
        let [first, end] = [share.start, share.end].map(|unit| unit as usize * self.unit);
        let items = &self.items[first..end.min(self.items.len())];
        // SAFETY: there are as many places as items.
        let results = unsafe { self.results.add(first) };
        // SAFETY: these items were given to this thread alone, and nothing reads it before the end.
        let space = unsafe {
            std::slice::from_raw_parts_mut(results.cast::<MaybeUninit<R>>(), items.len())
        };
        let mut written = Written {
            first: results,
            count: 0,
        };
        for (item, place) in items.iter().zip(space) {
            // UNWIND: if `f` panics, `written` drops what this row has.
            place.write((self.f)(item));
            written.count += 1;
        }
        written
    }
}
