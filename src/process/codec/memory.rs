//! Where bytes go to and come from: slices, and memory that another process has mapped too.

use std::marker::PhantomData;
use std::mem::MaybeUninit;

/// There is no more room, or no more bytes.
#[derive(Debug)]
pub struct Exhausted;

/// Takes bytes, in order.
pub trait Sink {
    /// Puts a few bytes.
    fn put<const N: usize>(&mut self, bytes: [u8; N]) -> Result<(), Exhausted>;

    /// Puts many, as one copy.
    fn put_all(&mut self, bytes: &[u8]) -> Result<(), Exhausted>;

    /// How many have been put.
    fn position(&self) -> usize;

    /// Replaces the four that were put at `at`.
    fn patch(&mut self, at: usize, bytes: [u8; 4]);

    /// Whatever is held back goes to its place. Did the bytes fill the room?
    fn finish(&mut self) -> bool;
}

/// Gives bytes, in order, each of them once.
pub trait Source {
    /// How many are left.
    fn left(&self) -> usize;

    /// Takes a few.
    fn take<const N: usize>(&mut self) -> Result<[u8; N], Exhausted>;

    /// Takes as many as `to` has room for, as one copy; all of `to` has been written then.
    fn take_all(&mut self, to: &mut [MaybeUninit<u8>]) -> Result<(), Exhausted>;
}

/// A sink in private memory.
#[derive(Debug)]
pub struct SliceSink<'a> {
    room: &'a mut [MaybeUninit<u8>],
    position: usize,
}

impl<'a> SliceSink<'a> {
    /// Fills `room`.
    pub fn new(room: &'a mut [MaybeUninit<u8>]) -> Self {
        Self { room, position: 0 }
    }
}

/// How bytes are copied to and from memory that another process has mapped too: a way that is sound while it writes
/// there.
pub trait Copies {
    /// Copies `from` to `to`.
    ///
    /// # Safety
    /// So many bytes at `to` are mapped, and writable.
    unsafe fn copy_in(to: *mut u8, from: &[u8]);

    /// Copies what is at `from`; all of `to` has been written then.
    ///
    /// # Safety
    /// So many bytes at `from` are mapped, and readable.
    unsafe fn copy_out(from: *const u8, to: &mut [MaybeUninit<u8>]);
}

/// A sink in shared memory. Small things are gathered in a window, so that it is copied to seldom.
pub struct SharedSink<C> {
    to: *mut u8,
    length: usize,
    copies: PhantomData<C>,
}

impl<C: Copies> SharedSink<C> {
    /// Fills the `length` bytes at `to`.
    ///
    /// # Safety
    /// As long as this exists they are mapped and writable.
    pub unsafe fn new(to: *mut u8, length: usize) -> Self {
        let copies = PhantomData;
        Self { to, length, copies }
    }
}

/// A source in shared memory. It is copied from through a window, so that small things cost little.
pub struct SharedSource<C> {
    from: *const u8,
    length: usize,
    copies: PhantomData<C>,
}

impl<C: Copies> SharedSource<C> {
    /// Gives the `length` bytes at `from`.
    ///
    /// # Safety
    /// As long as this exists they are mapped and readable.
    pub unsafe fn new(from: *const u8, length: usize) -> Self {
        let copies = PhantomData;
        Self {
            from,
            length,
            copies,
        }
    }
}
