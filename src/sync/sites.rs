//! The register of atomic operations that a run of the models has executed, and the weakening of one of them.
//!
//! Every atomic operation, fence and wake of the loom flavour reports its location in the source here. A run lists them. A
//! mutation run starts the same binary again with `RADDLE_MUTATE`, which names one site and a change, and expects some model
//! to fail:
//!
//! ```text
//! RADDLE_MUTATE=<end of the file's path>:<line>[:<column>]:<change>
//! ```
//!
//! | change                                    | effect                                                |
//! |-------------------------------------------|-------------------------------------------------------|
//! | `relaxed`, `acquire`, `release`, `acqrel` | sets the ordering (of a compare-exchange: of success) |
//! | `failure-relaxed`, `failure-acquire`      | sets the ordering of a failed compare-exchange        |
//! | `none`                                    | deletes a fence or a wake                             |
//! | `one`                                     | a `wake_all` wakes one thread                         |

use std::cell::RefCell;
use std::collections::{BTreeSet, HashSet};
use std::hash::{BuildHasherDefault, Hasher};
use std::panic::Location;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

/// One location in the source that performs an atomic operation, a fence or a wake.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Site {
    pub file: &'static str,
    pub line: u32,
    pub column: u32,
    /// `load`, `store`, `swap`, `compare_exchange`, `fetch_add`, .. `fence`, `wake_one`, `wake_all`.
    pub op: &'static str,
    /// The ordering in the source (of a compare-exchange: of success). `""` for wakes.
    pub order: &'static str,
    /// The ordering of a failed compare-exchange. `""` for other operations.
    pub failure: &'static str,
}

static SITES: Mutex<BTreeSet<Site>> = Mutex::new(BTreeSet::new());
static HITS: AtomicUsize = AtomicUsize::new(0);

/// Location, operation and ordering, by their addresses: each operation of a model looks here, and hashing texts would cost more than
/// the operation.
type Key = [usize; 3];

#[derive(Default)]
struct OfAddresses(u64);

impl Hasher for OfAddresses {
    fn write(&mut self, bytes: &[u8]) {
        // An array of words comes as bytes.
        let (words, rest) = bytes.as_chunks();
        for word in words {
            self.write_usize(usize::from_ne_bytes(*word));
        }
        for byte in rest {
            self.write_usize(usize::from(*byte));
        }
    }

    fn write_usize(&mut self, word: usize) {
        self.0 = (self.0.rotate_left(29) ^ word as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    }

    fn finish(&self) -> u64 {
        // The table takes its place from the low bits, which depend on the low bits of the words alone.
        self.0.rotate_left(32)
    }
}

thread_local! {
    // Only the first visit of an OS thread takes the lock.
    static SEEN: RefCell<HashSet<Key, BuildHasherDefault<OfAddresses>>> = RefCell::default();
}

/// Every site that this process has executed so far, in source order.
#[must_use]
pub fn sites() -> Vec<Site> {
    let all = SITES.lock().unwrap_or_else(PoisonError::into_inner);
    all.iter().copied().collect()
}

/// How often the site named by `RADDLE_MUTATE` was executed. 0: no model has reached it.
#[must_use]
pub fn mutation_hits() -> usize {
    HITS.load(Ordering::Relaxed)
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Change {
    Order(Ordering),
    Failure(Ordering),
    Delete,
    One,
}

struct Mutation {
    file: String,
    line: u32,
    column: Option<u32>,
    change: Change,
}

fn parse(text: &str) -> Mutation {
    let complain =
        || -> ! { panic!("RADDLE_MUTATE is not <file>:<line>[:<column>]:<change>: {text}") };
    let mut parts = text.rsplit(':');
    let change = match parts.next() {
        Some("relaxed") => Change::Order(Ordering::Relaxed),
        Some("acquire") => Change::Order(Ordering::Acquire),
        Some("release") => Change::Order(Ordering::Release),
        Some("acqrel") => Change::Order(Ordering::AcqRel),
        Some("failure-relaxed") => Change::Failure(Ordering::Relaxed),
        Some("failure-acquire") => Change::Failure(Ordering::Acquire),
        Some("none") => Change::Delete,
        Some("one") => Change::One,
        _ => complain(),
    };
    let mut numbers = Vec::new();
    let mut file = None;
    for part in parts {
        match part.parse::<u32>() {
            Ok(number) if file.is_none() => numbers.push(number),
            _ => file = Some(part.to_owned()),
        }
    }
    let (line, column) = match numbers[..] {
        [line] => (line, None),
        [column, line] => (line, Some(column)),
        _ => complain(),
    };
    let Some(file) = file else { complain() };
    Mutation {
        file,
        line,
        column,
        change,
    }
}

fn mutation() -> Option<&'static Mutation> {
    static MUTATION: OnceLock<Option<Mutation>> = OnceLock::new();
    MUTATION
        .get_or_init(|| std::env::var("RADDLE_MUTATE").ok().map(|t| parse(&t)))
        .as_ref()
}

/// Is one site weakened in this process? Panics if `RADDLE_MUTATE` is set and malformed.
#[must_use]
pub fn mutated() -> bool {
    mutation().is_some()
}

fn change_at(at: &Location<'_>) -> Option<Change> {
    let mutation = mutation()?;
    (mutation.line == at.line()
        && mutation.column.is_none_or(|column| column == at.column())
        && at.file().ends_with(&mutation.file))
    .then(|| {
        HITS.fetch_add(1, Ordering::Relaxed);
        mutation.change
    })
}

fn name(order: Ordering) -> &'static str {
    match order {
        Ordering::Relaxed => "relaxed",
        Ordering::Acquire => "acquire",
        Ordering::Release => "release",
        Ordering::AcqRel => "acqrel",
        _ => "seqcst",
    }
}

fn record(
    at: &'static Location<'static>,
    op: &'static str,
    order: &'static str,
    failure: &'static str,
) {
    let at_address = std::ptr::from_ref(at).addr();
    let key = [at_address, op.as_ptr().addr(), order.as_ptr().addr()];
    if SEEN.with_borrow_mut(|seen| seen.insert(key)) {
        let site = Site {
            file: at.file(),
            line: at.line(),
            column: at.column(),
            op,
            order,
            failure,
        };
        let mut all = SITES.lock().unwrap_or_else(PoisonError::into_inner);
        all.insert(site);
    }
}

/// Reports an operation with one ordering; returns the ordering to use.
#[track_caller]
pub(super) fn access(op: &'static str, order: Ordering) -> Ordering {
    let at = Location::caller();
    record(at, op, name(order), "");
    match change_at(at) {
        Some(Change::Order(weaker)) => weaker,
        _ => order,
    }
}

/// Reports a compare-exchange; returns the orderings to use.
#[track_caller]
pub(super) fn exchange(
    op: &'static str,
    success: Ordering,
    failure: Ordering,
) -> (Ordering, Ordering) {
    let at = Location::caller();
    record(at, op, name(success), name(failure));
    match change_at(at) {
        Some(Change::Order(weaker)) => (weaker, failure),
        Some(Change::Failure(weaker)) => (success, weaker),
        _ => (success, failure),
    }
}

/// Reports a fence; returns the ordering to use. `None`: the mutation deletes it.
#[track_caller]
pub(super) fn fence(order: Ordering) -> Option<Ordering> {
    let at = Location::caller();
    record(at, "fence", name(order), "");
    match change_at(at) {
        Some(Change::Delete | Change::Order(Ordering::Relaxed)) => None,
        Some(Change::Order(weaker)) => Some(weaker),
        _ => Some(order),
    }
}

/// Reports a wake of up to `n`; returns how many to wake.
#[track_caller]
pub(super) fn wake(op: &'static str, n: usize) -> usize {
    let at = Location::caller();
    record(at, op, "", "");
    match change_at(at) {
        Some(Change::Delete) => 0,
        Some(Change::One) => 1,
        _ => n,
    }
}
