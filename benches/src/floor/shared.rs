//! A ring each way in memory that two processes map, with nothing around it: what processes that
//! know each other's memory can reach. Both sides spin, or both sleep on the word that they wait for.
//!
//! A slot's commit word holds the number of the message plus one; it hands the slot and the space to
//! the other side. Nobody writes a slot before everything sent earlier through it was answered.

use super::parked::{sleep_while_shared, wake_shared};
use super::spinning::spin_until;
use crate::contender::processes::{Batch, Call, Polling, Workers, check, input, start_again, task};
use crate::document::Role;
use crate::measure::place::on_core;
use std::fs::File;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::process::Child;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::*};

/// Both sides spin. They have to be on two cores.
pub type Spinning = Ring<SPIN>;
/// Both sides sleep between their turns.
pub type Parked = Ring<PARK>;

const SPIN: u8 = 0;
const PARK: u8 = 1;

const SLOTS: u32 = 1024;
/// The longest payload.
pub const SPACE: usize = 64 << 20;
/// What a streamed payload is handed over in; all of one fits into the slots.
const PART: usize = 128 << 10;

/// What a message means.
#[derive(Clone, Copy)]
#[repr(u32)]
enum What {
    /// A number and its answer.
    Answer,
    /// The length of what lies in the space, to be looked at there.
    InPlace,
    /// The same, to be copied out, looked at, and copied back.
    Owned,
    /// The same, in parts: a message for every part, both ways.
    Streamed,
    /// A part lies in the space.
    Part,
    /// The end.
    Stop,
}

#[repr(C)]
struct Slot {
    commit: AtomicU32,
    what: AtomicU32,
    value: AtomicU64,
}

/// All zero at first.
#[repr(C, align(4096))]
struct Memory {
    requests: [Slot; SLOTS as usize],
    replies: [Slot; SLOTS as usize],
}

/// The memory as one process sees it, and what it has sent and received.
struct End {
    memory: NonNull<Memory>,
    parent: bool,
    sent: u32,
    received: u32,
}

/// A worker at the other end of two rings.
pub struct Ring<const WAY: u8> {
    end: End,
    worker: Child,
}

const SIZE: usize = size_of::<Memory>() + 2 * SPACE;

/// Fresh memory that only processes with the file can reach.
fn memory() -> File {
    // SAFETY: the name is a C string; the result is checked before it is owned.
    let file = unsafe {
        let fd = libc::memfd_create(c"rings".as_ptr(), libc::MFD_CLOEXEC);
        assert!(fd >= 0, "memfd_create");
        File::from(OwnedFd::from_raw_fd(fd))
    };
    file.set_len(SIZE as u64).unwrap();
    file
}

impl End {
    fn map(file: &impl AsRawFd, parent: bool) -> End {
        // SAFETY: a new mapping of a file of that size; no address is asked for.
        let memory = unsafe {
            let access = libc::PROT_READ | libc::PROT_WRITE;
            libc::mmap(
                std::ptr::null_mut(),
                SIZE,
                access,
                libc::MAP_SHARED,
                file.as_raw_fd(),
                0,
            )
        };
        assert_ne!(memory, libc::MAP_FAILED, "mmap of the shared memory");
        End {
            memory: NonNull::new(memory.cast()).expect("no mapping lies at zero"),
            parent,
            sent: 0,
            received: 0,
        }
    }

    fn memory(&self) -> &Memory {
        // SAFETY: mapped as long as the end lives, and nothing but atomics, for which zero is a value.
        unsafe { self.memory.as_ref() }
    }

    /// Where requests' bytes lie, then where replies' do.
    fn space(&self, replies: bool) -> *mut u8 {
        let spaces = size_of::<Memory>() + if replies { SPACE } else { 0 };
        // SAFETY: the mapping is that long.
        unsafe { self.memory.cast::<u8>().as_ptr().add(spaces) }
    }

    fn slot(&self, outgoing: bool, number: u32) -> &Slot {
        let ring = if outgoing == self.parent {
            &self.memory().requests
        } else {
            &self.memory().replies
        };
        &ring[(number % SLOTS) as usize]
    }

    #[inline]
    fn send<const WAY: u8>(&mut self, what: What, value: u64) {
        let slot = self.slot(true, self.sent);
        slot.what.store(what as u32, Relaxed);
        slot.value.store(value, Relaxed);
        slot.commit.store(self.sent.wrapping_add(1), Release);
        if WAY == PARK {
            wake_shared(&slot.commit);
        }
        self.sent = self.sent.wrapping_add(1);
    }

    /// Whether a message is there.
    #[inline]
    fn ready(&self) -> bool {
        let commit = &self.slot(false, self.received).commit;
        commit.load(Acquire) == self.received.wrapping_add(1)
    }

    /// Blocks for the next message.
    #[inline]
    fn receive<const WAY: u8>(&mut self) -> (u32, u64) {
        let next = self.received.wrapping_add(1);
        let slot = self.slot(false, self.received);
        if WAY == PARK {
            sleep_while_shared(&slot.commit, |commit| commit != next);
        } else {
            spin_until(&slot.commit, |commit| commit == next);
        }
        let message = (slot.what.load(Relaxed), slot.value.load(Relaxed));
        self.received = next;
        message
    }

    /// Copies into the space that this side writes.
    fn copy_in(&self, at: usize, bytes: &[u8]) {
        assert!(at + bytes.len() <= SPACE);
        // SAFETY: in bounds, and the other side touches the space only after the message about it.
        unsafe {
            let space = self.space(!self.parent).add(at);
            space.copy_from_nonoverlapping(bytes.as_ptr(), bytes.len());
        }
    }

    /// Copies out of the space of the requests or of the replies.
    fn copy_out(&self, replies: bool, at: usize, bytes: &mut [u8]) {
        assert!(at + bytes.len() <= SPACE);
        // SAFETY: in bounds, and the other side wrote the space before the message about it.
        unsafe {
            let space = self.space(replies).add(at);
            space.copy_to_nonoverlapping(bytes.as_mut_ptr(), bytes.len());
        }
    }
}

impl Drop for End {
    fn drop(&mut self) {
        // SAFETY: the mapping is ours, and no reference into it outlives the end.
        unsafe { libc::munmap(self.memory.as_ptr().cast(), SIZE) };
    }
}

impl<const WAY: u8> Ring<WAY> {
    /// There and back without a copy at the other end: it looks at the bytes where they lie.
    pub fn in_place(&mut self, from: &[u8], to: &mut [u8]) {
        self.end.copy_in(0, from);
        self.end.send::<WAY>(What::InPlace, from.len() as u64);
        self.end.receive::<WAY>();
        self.end.copy_out(false, 0, to);
    }

    /// There and back with a copy out and a copy in at the other end.
    pub fn owned(&mut self, from: &[u8], to: &mut [u8]) {
        self.end.copy_in(0, from);
        self.end.send::<WAY>(What::Owned, from.len() as u64);
        self.end.receive::<WAY>();
        self.end.copy_out(true, 0, to);
    }

    /// The same with both sides copying at once: in parts, each handed over as soon as it lies there.
    pub fn streamed(&mut self, from: &[u8], to: &mut [u8]) {
        self.end.send::<WAY>(What::Streamed, from.len() as u64);
        send_parts::<WAY>(&mut self.end, from);
        receive_parts::<WAY>(&mut self.end, to);
    }
}

fn send_parts<const WAY: u8>(end: &mut End, bytes: &[u8]) {
    for (i, part) in bytes.chunks(PART).enumerate() {
        end.copy_in(i * PART, part);
        end.send::<WAY>(What::Part, part.len() as u64);
    }
}

fn receive_parts<const WAY: u8>(end: &mut End, bytes: &mut [u8]) {
    for (i, part) in bytes.chunks_mut(PART).enumerate() {
        end.receive::<WAY>();
        end.copy_out(end.parent, i * PART, part);
    }
}

impl<const WAY: u8> Workers for Ring<WAY> {
    const NAME: &'static str = if WAY == PARK {
        "shared-memory ring, both parked"
    } else {
        "shared-memory ring, both spinning"
    };
    const ROLE: Role = Role::Bound;

    fn start(workers: usize) -> Self {
        assert_eq!(workers, 1, "a ring has one worker");
        Ring::start_on(None)
    }
}

impl<const WAY: u8> Polling for Ring<WAY> {
    fn start_on(core: Option<usize>) -> Self {
        let file = memory();
        let end = End::map(&file, true);
        let way = if WAY == PARK { "park" } else { "spin" };
        let worker = on_core(core, || start_again(&["shared", way], file));
        Ring { end, worker }
    }
}

impl<const WAY: u8> Call for Ring<WAY> {
    #[inline]
    fn call(&mut self, x: u64) -> u64 {
        self.end.send::<WAY>(What::Answer, x);
        self.end.receive::<WAY>().1
    }
}

impl<const WAY: u8> Batch for Ring<WAY> {
    fn batch(&mut self, n: u64, mut each: impl FnMut(u64)) {
        let (mut sent, mut received) = (0, 0);
        while received < n {
            while sent < n && sent - received < u64::from(SLOTS) {
                self.end.send::<WAY>(What::Answer, sent);
                sent += 1;
            }
            // Blocks for one, takes all that are there.
            each(self.end.receive::<WAY>().1);
            received += 1;
            while received < sent && self.end.ready() {
                each(self.end.receive::<WAY>().1);
                received += 1;
            }
        }
    }
}

impl<const WAY: u8> Drop for Ring<WAY> {
    fn drop(&mut self) {
        self.end.send::<WAY>(What::Stop, 0);
        self.worker.wait().unwrap();
    }
}

/// A worker.
pub fn serve(way: &str) {
    let end = End::map(&input(), false);
    match way {
        "spin" => answer_all::<SPIN>(end),
        _ => answer_all::<PARK>(end),
    }
}

fn answer_all<const WAY: u8>(mut end: End) {
    const ANSWER: u32 = What::Answer as u32;
    const IN_PLACE: u32 = What::InPlace as u32;
    const OWNED: u32 = What::Owned as u32;
    const STREAMED: u32 = What::Streamed as u32;
    let mut own = Vec::new();
    loop {
        let (what, value) = end.receive::<WAY>();
        let len = value as usize;
        if matches!(what, OWNED | STREAMED) {
            own.resize(len, 0);
        }
        match what {
            ANSWER => end.send::<WAY>(What::Answer, task::answer64(value)),
            IN_PLACE => {
                assert!(len <= SPACE);
                // SAFETY: in bounds, and the parent leaves the bytes alone until they are answered.
                check(unsafe { std::slice::from_raw_parts(end.space(false), len) });
                end.send::<WAY>(What::InPlace, value);
            }
            OWNED => {
                end.copy_out(false, 0, &mut own);
                check(&own);
                end.copy_in(0, &own);
                end.send::<WAY>(What::Owned, value);
            }
            STREAMED => {
                receive_parts::<WAY>(&mut end, &mut own);
                check(&own);
                send_parts::<WAY>(&mut end, &own);
            }
            _ => return,
        }
    }
}

/// The bytes there and back by one process: a copy into shared memory and a copy out of it.
pub struct Copies(End);

impl Default for Copies {
    /// Its own memory, which no other process maps.
    fn default() -> Copies {
        Copies(End::map(&memory(), true))
    }
}

impl Copies {
    /// Two copies.
    pub fn there_and_back(&self, from: &[u8], to: &mut [u8]) {
        self.0.copy_in(0, from);
        self.0.copy_out(false, 0, to);
    }
}
