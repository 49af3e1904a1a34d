//! `map_slice`: an ordered map over a slice that writes results in place and makes no future per item.
//!
//! Each thread that takes part goes through an interval of the items, a share at a time. A thread that has none left takes
//! the later half of the longest other interval ([`super::ranges`]). So no thread waits before all items have been begun,
//! wherever the expensive ones are. The threads come by joins: thread `k` shares the parts of threads `2k + 1` and `2k + 2`, so
//! that none has more deferred jobs than a join keeps.

use super::ThreadPool;
use super::join;
use super::ranges::Ranges;
use std::mem::{ManuallyDrop, MaybeUninit};
use std::ops::Range;

/// The fewest shares per worker: enough that the first ones, of which no other thread can take a part, are short.
const SHARES: usize = 256;

/// A row of results that have been written. Dropping it drops them, when a panic unwinds.
struct Written<R> {
    first: *mut R,
    count: usize,
}

// SAFETY: it owns its results, which are Send where it is used.
unsafe impl<R: Send> Send for Written<R> {}

impl<R> Drop for Written<R> {
    fn drop(&mut self) {
        // SAFETY: `count` results were written from `first` on, and they are ours.
        unsafe { std::ptr::slice_from_raw_parts_mut(self.first, self.count).drop_in_place() };
    }
}

/// All rows that one thread has written.
struct Rows<R>(Vec<Written<R>>);

impl<R> Rows<R> {
    /// Adds a row, joined to the last one if it follows on it.
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

    /// Gives the results up to the caller, and returns how many there are.
    fn release(self) -> usize {
        let rows = self.0.into_iter().map(ManuallyDrop::new);
        rows.map(|row| row.count).sum()
    }
}

struct SliceMap<'a, T, R, F> {
    pool: &'a ThreadPool,
    items: &'a [T],
    /// Memory for as many results as there are items.
    results: *mut R,
    f: &'a F,
    /// How many items one of `ranges` stands for: 1, except for slices whose length needs more than 32 bits.
    unit: usize,
    ranges: Ranges,
}

// SAFETY: items and function are shared, and each result is written by the one thread that was given its item.
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
    let written = map.take_part(0).release();
    assert_eq!(written, items.len(), "each item was done once");
    // SAFETY: every result was written in its place, and given up by the rows.
    unsafe { results.set_len(items.len()) };
    results
}

/// When a panic unwinds, removes what is left, so that the others stop.
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
    /// Takes part as thread `index`, and lets joins take the parts of the threads below it.
    fn take_part(&self, index: usize) -> Rows<R> {
        let below = 2 * index + 1;
        if self.ranges.is_empty() {
            return Rows(Vec::new());
        }
        match self.ranges.threads().saturating_sub(below) {
            0 => self.work(index),
            1 => self.both(|| self.work(index), || self.take_part(below)),
            _ => self.both(
                || self.work(index),
                || self.both(|| self.take_part(below), || self.take_part(below + 1)),
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

    /// Does shares until there is nothing left.
    fn work(&self, index: usize) -> Rows<R> {
        let mut rows = Rows(Vec::new());
        // UNWIND: if `f` panics, the others find nothing more, and `rows` drops the results of this thread.
        let clear = ClearOnUnwind(&self.ranges);
        let mut countdown = join::Countdown::begin(self.pool.shared());
        while let Some(share) = self.ranges.next(index) {
            rows.add(self.row(share));
            countdown.step();
        }
        std::mem::forget(clear);
        rows
    }

    /// Does one share.
    fn row(&self, share: Range<u32>) -> Written<R> {
        let [first, end] = [share.start, share.end].map(|unit| unit as usize * self.unit);
        let items = &self.items[first..end.min(self.items.len())];
        // SAFETY: there is memory for as many results as items.
        let results = unsafe { self.results.add(first) };
        // SAFETY: these items were given to this thread alone, and nothing reads their results before the end.
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
