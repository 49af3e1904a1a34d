//! The admissions of this process by the numbers of their executors.
//!
//! Asked for each task that is cancelled through its handle. A forked child begins with an empty table of its own: the executors
//! stayed in the parent, and another thread may have held the lock at the fork.

use super::Admissions;
use crate::future::tag::Tag;
use crate::sync::unmodelled::{AtomicPtr, Ordering};
use crate::sys::fork;
use std::collections::BTreeMap;
use std::ops::Range;
use std::ptr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// By the first number of each executor: the number after its last one.
type ByFirst = BTreeMap<u32, (u32, Arc<Admissions>)>;

struct ByNumber {
    generation: u32,
    // No modelled operation happens under this lock.
    all: Mutex<ByFirst>,
}

impl ByNumber {
    fn lock(&self) -> MutexGuard<'_, ByFirst> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The table of this process. The first call in a process makes it.
fn table() -> &'static ByNumber {
    static TABLE: AtomicPtr<ByNumber> = AtomicPtr::new(ptr::null_mut());
    let generation = fork::generation();
    loop {
        // ORDERING: by-number.load Acquire -> pairs with by-number.make: the table behind the pointer.
        let now = TABLE.load(Ordering::Acquire);
        // SAFETY: null, or made below and never freed.
        if let Some(table) = unsafe { now.as_ref() }
            && table.generation == generation
        {
            return table;
        }
        let fresh = Box::into_raw(Box::new(ByNumber {
            generation,
            all: Mutex::default(),
        }));
        // ORDERING: by-number.make Release -> pairs with by-number.load: the table behind the pointer.
        let made = TABLE.compare_exchange(now, fresh, Ordering::Release, Ordering::Relaxed);
        if made.is_err() {
            // SAFETY: made above, and no other thread has seen it.
            drop(unsafe { Box::from_raw(fresh) });
        }
    }
}

/// An executor's entry. Dropping it takes the entry out.
pub struct Listing {
    first: u32,
    generation: u32,
}

/// Enters the executor that has these numbers.
pub fn list(numbers: Range<u32>, admissions: &Arc<Admissions>) -> Listing {
    let table = table();
    let entry = (numbers.end, Arc::clone(admissions));
    table.lock().insert(numbers.start, entry);
    Listing {
        first: numbers.start,
        generation: table.generation,
    }
}

impl Drop for Listing {
    fn drop(&mut self) {
        let table = table();
        // In a forked child the executor is not in the table.
        if table.generation == self.generation {
            let gone = table.lock().remove(&self.first);
            drop(gone);
        }
    }
}

/// The admissions of the executor to which a task with this tag belongs. `None`: it has none, or is gone.
pub fn of(tag: Tag) -> Option<Arc<Admissions>> {
    let number = tag.number();
    if number == 0 {
        return None;
    }
    let all = table().lock();
    let (_, (end, admissions)) = all.range(..=number).next_back()?;
    (number < *end).then(|| Arc::clone(admissions))
}
