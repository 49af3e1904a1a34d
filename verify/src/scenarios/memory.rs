//! The remote-free list: other threads push freed cells, the owner drains them, and they are counted once it has ended.

use crate::sync::cell::UnsafeCell;
use crate::sync::thread;
use crate::{DropCount, Loom, Outcomes, Scenario, Shuttle};
use raddle::future::memory::remote_free_list::{Free, Pushed, RemoteFreeList};
use std::ptr::{self, NonNull};
use std::sync::Arc;

/// A remote-free list with `N` cells in use. Its owner writes its state; the last step frees it.
struct Memory<const N: usize> {
    list: RemoteFreeList,
    /// The owner's state: written until it ends, read by the thread that frees.
    state: UnsafeCell<usize>,
    /// Each is written by the thread that has it, and read by the thread that gets it back or frees all.
    cells: [UnsafeCell<Free>; N],
    addresses: [usize; N],
    frees: DropCount,
}

// SAFETY: the protocol of the list says which thread touches what; loom checks it.
unsafe impl<const N: usize> Sync for Memory<N> {}
// SAFETY: as above.
unsafe impl<const N: usize> Send for Memory<N> {}

impl<const N: usize> Memory<N> {
    fn new() -> Arc<Self> {
        let mut memory = Arc::new(Self {
            list: RemoteFreeList::new(),
            state: UnsafeCell::new(0),
            cells: std::array::from_fn(|_| {
                UnsafeCell::new(Free {
                    next: ptr::null_mut(),
                })
            }),
            addresses: [0; N],
            frees: DropCount::new(),
        });
        let own = Arc::get_mut(&mut memory).expect("no other thread has it yet");
        for (address, cell) in own.addresses.iter_mut().zip(&own.cells) {
            *address = cell.with(<*const Free>::addr);
        }
        memory
    }

    /// The last use of a cell by the thread that has it.
    fn give_up(&self, index: usize) -> NonNull<Free> {
        self.cells[index].with_mut(|cell| NonNull::new(cell).expect("a reference is not null"))
    }

    /// Frees cells by one push.
    fn send(&self, indices: &[usize]) -> Pushed {
        let chain: Vec<_> = indices.iter().map(|&index| self.give_up(index)).collect();
        for pair in chain.windows(2) {
            // SAFETY: the cells are this thread's until they are pushed.
            unsafe { (*pair[0].as_ptr()).next = pair[1].as_ptr() };
        }
        // SAFETY: linked above, first to last, and no other thread's.
        let pushed = unsafe {
            self.list
                .push(chain[0], chain[chain.len() - 1], chain.len())
        };
        self.free_if(&pushed);
        pushed
    }

    /// The owner takes a chain in; returns its length.
    fn take_in(&self, mut chain: *mut Free) -> usize {
        let mut length = 0;
        while let Some(cell) = NonNull::new(chain) {
            let index = self
                .addresses
                .iter()
                .position(|&own| own == cell.addr().get());
            // The owner uses it again.
            self.give_up(index.expect("a cell of this list"));
            // SAFETY: a drained chain is the owner's.
            chain = unsafe { cell.as_ref() }.next;
            length += 1;
        }
        length
    }

    /// The owner leaves with `out` cells out, minus what comes in on the way.
    fn leave(&self, out: usize) -> Pushed {
        self.state.with_mut(|state| {
            // SAFETY: the owner's alone until it has left.
            unsafe { *state = N }
        });
        let got = self.take_in(self.list.abandon());
        let pushed = self.list.settle(out - got);
        self.free_if(&pushed);
        pushed
    }

    fn free_if(&self, pushed: &Pushed) {
        if *pushed == Pushed::Last {
            drop(self.frees.value());
            // SAFETY: the last one owns everything; loom checks that all other uses are over.
            self.state.with(|state| assert_eq!(unsafe { *state }, N));
            for index in 0..N {
                self.give_up(index);
            }
        }
    }

    #[track_caller]
    fn was_freed_once(&self) {
        assert_eq!(self.frees.made(), 1, "the memory is freed exactly once");
    }
}

fn name(pushed: &Pushed) -> &'static str {
    match pushed {
        Pushed::ToOwner => "to owner",
        Pushed::Counted => "counted",
        Pushed::Last => "last",
    }
}

fn saw(out: &Outcomes, owner: &Pushed, others: &[Pushed]) {
    let others: Vec<_> = others.iter().map(name).collect();
    out.saw(format!(
        "owner {}, others {}",
        name(owner),
        others.join(" and ")
    ));
}

/// Two cells come back one by one while the owner drains and leaves.
const DRAIN: Scenario = Scenario {
    name: "memory/drain",
    test: "memory::drain",
    shows: "two cells come back one by one; the owner or the other is last",
    must: &[
        "owner last, others to owner and to owner",
        "owner last, others to owner and counted",
        "owner last, others counted and counted",
        "owner counted, others to owner and last",
        "owner counted, others counted and last",
    ],
    loom: Loom::unbounded().at_least(2_000),
    shuttle: Shuttle::exhaustive().at_least(10),
    body: |out| {
        let memory = Memory::<2>::new();
        let theirs = Arc::clone(&memory);
        let other = thread::spawn(move || [theirs.send(&[0]), theirs.send(&[1])]);
        let got = memory.take_in(memory.list.drain());
        let owner = memory.leave(2 - got);
        saw(out, &owner, &other.join().unwrap());
        memory.was_freed_once();
    },
    ..Scenario::EMPTY
};

/// A chain of two comes back while the owner leaves.
const CHAIN: Scenario = Scenario {
    name: "memory/chain",
    test: "memory::chain",
    shows: "a chain of two comes back at once",
    must: &[
        "owner last, others to owner",
        "owner last, others counted",
        "owner counted, others last",
    ],
    loom: Loom::unbounded().at_least(50),
    shuttle: Shuttle::exhaustive(),
    body: |out| {
        let memory = Memory::<2>::new();
        let theirs = Arc::clone(&memory);
        let other = thread::spawn(move || [theirs.send(&[0, 1])]);
        let owner = memory.leave(2);
        saw(out, &owner, &other.join().unwrap());
        memory.was_freed_once();
    },
    ..Scenario::EMPTY
};

/// The owner uses a cell again that came back, while another is on its way.
const REUSE: Scenario = Scenario {
    name: "memory/reuse",
    test: "memory::reuse",
    shows: "none, one or two are drained, and used again",
    must: &["drained 0", "drained 1", "drained 2"],
    loom: Loom::unbounded().at_least(500),
    shuttle: Shuttle::exhaustive().at_least(9),
    body: |out| {
        let memory = Memory::<2>::new();
        let theirs = Arc::clone(&memory);
        let other = thread::spawn(move || {
            assert_eq!(theirs.send(&[0]), Pushed::ToOwner);
            assert_eq!(theirs.send(&[1]), Pushed::ToOwner);
        });
        let first = memory.take_in(memory.list.drain());
        let second = memory.take_in(memory.list.drain());
        out.saw(["drained 0", "drained 1", "drained 2"][first + second]);
        other.join().unwrap();
        let owner = memory.leave(2 - first - second);
        assert_eq!(owner, Pushed::Last);
        memory.was_freed_once();
    },
    ..Scenario::EMPTY
};

/// Two threads return a cell each while the owner ends.
const TWO_FREERS: Scenario = Scenario {
    name: "memory/two_freers",
    test: "memory::two_freers",
    shows: "of three parties exactly one is last, in all eight ways",
    must: &[
        "owner last, others to owner and to owner",
        "owner last, others to owner and counted",
        "owner last, others counted and to owner",
        "owner last, others counted and counted",
        "owner counted, others to owner and last",
        "owner counted, others last and to owner",
        "owner counted, others counted and last",
        "owner counted, others last and counted",
    ],
    threads: 3,
    loom: Loom::bound(3).at_least(900),
    shuttle: Shuttle::exhaustive().at_least(500),
    body: |out| {
        let memory = Memory::<2>::new();
        let others = [0, 1].map(|index| {
            let theirs = Arc::clone(&memory);
            thread::spawn(move || theirs.send(&[index]))
        });
        let owner = memory.leave(2);
        saw(out, &owner, &others.map(|other| other.join().unwrap()));
        memory.was_freed_once();
    },
    ..Scenario::EMPTY
};

pub const MODELS: &[Scenario] = &[DRAIN, CHAIN, REUSE, TWO_FREERS];
