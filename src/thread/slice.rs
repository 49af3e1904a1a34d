//! `map_slice`: an ordered map over a slice, results written in place, no future per item.

use super::ThreadPool;
use std::mem::{ManuallyDrop, MaybeUninit};

/// Pieces per worker: enough that the last ones to finish are short.
const PIECES: usize = 256;

/// Results that have been written, in a row. Dropped when a panic passes by.
struct Written<R> {
    first: *mut R,
    count: usize,
}

// SAFETY: it owns its results, which are Send where it is used.
unsafe impl<R: Send> Send for Written<R> {}

impl<R> Written<R> {
    /// The row of both; `right` begins where this one ends.
    fn with(self, right: Self) -> Self {
        let (left, right) = (ManuallyDrop::new(self), ManuallyDrop::new(right));
        Self {
            first: left.first,
            count: left.count + right.count,
        }
    }
}

impl<R> Drop for Written<R> {
    fn drop(&mut self) {
        // SAFETY: so many results were written from `first` on, and they are ours.
        unsafe { std::ptr::slice_from_raw_parts_mut(self.first, self.count).drop_in_place() };
    }
}

/// See [`ThreadPool::map_slice`].
pub fn map<T, R>(pool: &ThreadPool, items: &[T], f: &(impl Fn(&T) -> R + Sync)) -> Vec<R>
where
    T: Sync,
    R: Send,
{
    let mut results = Vec::with_capacity(items.len());
    let piece = (items.len() / (pool.workers() * PIECES)).max(1);
    let space = &mut results.spare_capacity_mut()[..items.len()];
    let written = halves(pool, items, space, f, piece);
    debug_assert_eq!(written.count, items.len());
    std::mem::forget(written);
    // SAFETY: every result was written in its place.
    unsafe { results.set_len(items.len()) };
    results
}

fn halves<T, R>(
    pool: &ThreadPool,
    items: &[T],
    space: &mut [MaybeUninit<R>],
    f: &(impl Fn(&T) -> R + Sync),
    piece: usize,
) -> Written<R>
where
    T: Sync,
    R: Send,
{
    if items.len() > piece {
        let middle = items.len() / 2;
        let (left, right) = items.split_at(middle);
        let (left_space, right_space) = space.split_at_mut(middle);
        let (left, right) = pool.join(
            || halves(pool, left, left_space, f, piece),
            || halves(pool, right, right_space, f, piece),
        );
        return left.with(right);
    }
    let mut written = Written {
        first: space.as_mut_ptr().cast::<R>(),
        count: 0,
    };
    for (item, place) in items.iter().zip(space) {
        // UNWIND: if `f` panics, `written` drops what this piece has.
        place.write(f(item));
        written.count += 1;
    }
    written
}
