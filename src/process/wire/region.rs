//! Gives the codec access to a lane's memory, through the sound copies of [`shm::bytes`](crate::shm::bytes).

use crate::codec::{
    self, Copies, Exhausted, Part, PayloadError, SharedSink, SharedSource, Sink, Source,
};
use crate::shm::{Region, bytes};
use serde::Serialize;
use std::marker::PhantomData;
use std::mem::MaybeUninit;

const _: () = assert!(
    LONGEST == MOST_BYTES,
    "the longest payload of a lane is the one that errors name"
);

/// Copies that are sound while the other process writes to the same memory.
pub struct LaneCopies;

// SAFETY: each function copies all of the bytes that it is given.
unsafe impl Copies for LaneCopies {
    #[inline]
    unsafe fn copy_in(to: *mut u8, from: &[u8]) {
        // SAFETY: the caller's promise; the source is borrowed.
        unsafe { bytes::copy(from.as_ptr(), to, from.len()) };
    }

    #[inline]
    unsafe fn copy_out(from: *const u8, to: &mut [MaybeUninit<u8>]) {
        // SAFETY: the caller's promise; the destination is borrowed.
        unsafe { bytes::copy(from, to.as_mut_ptr().cast(), to.len()) };
    }
}

/// A codec source that reads a region.
pub struct RegionSource<'a>(SharedSource<LaneCopies>, PhantomData<Region<'a>>);

impl<'a> RegionSource<'a> {
    #[inline]
    pub fn new(region: Region<'a>) -> Self {
        // SAFETY: a region is mapped and readable while it is borrowed, and this struct keeps the borrow.
        let source = unsafe { SharedSource::new(region.base().as_ptr(), region.len()) };
        Self(source, PhantomData)
    }
}

// SAFETY: all methods forward to the inner source, which keeps the contract.
unsafe impl Source for RegionSource<'_> {
    #[inline]
    fn left(&self) -> usize {
        self.0.left()
    }

    #[inline]
    fn take<const N: usize>(&mut self) -> Result<[u8; N], Exhausted> {
        self.0.take()
    }

    #[inline]
    fn take_all(&mut self, to: &mut [MaybeUninit<u8>]) -> Result<(), Exhausted> {
        self.0.take_all(to)
    }
}

/// A codec sink that fills a region.
pub struct RegionSink<'a>(SharedSink<LaneCopies>, PhantomData<Region<'a>>);

impl<'a> RegionSink<'a> {
    /// The region must be in the caller's own arena, which it may write.
    #[inline]
    pub fn new(region: Region<'a>) -> Self {
        // SAFETY: a region is mapped while it is borrowed, and this struct keeps the borrow. A region of the side's own file
        // is mapped for writing.
        let sink = unsafe { SharedSink::new(region.base().as_ptr(), region.len()) };
        Self(sink, PhantomData)
    }
}

impl Sink for RegionSink<'_> {
    #[inline]
    fn put<const N: usize>(&mut self, bytes: [u8; N]) -> Result<(), Exhausted> {
        self.0.put(bytes)
    }

    #[inline]
    fn put_all(&mut self, bytes: &[u8]) -> Result<(), Exhausted> {
        self.0.put_all(bytes)
    }

    #[inline]
    fn position(&self) -> usize {
        self.0.position()
    }

    #[inline]
    fn patch(&mut self, at: usize, bytes: [u8; 4]) {
        self.0.patch(at, bytes);
    }

    #[inline]
    fn finish(&mut self) -> bool {
        self.0.finish()
    }
}

/// An argument that can be written into a lane.
pub trait Encode {
    /// Returns how many bytes [`write`](Self::write) will write.
    fn size(&self) -> Result<usize, PayloadError>;

    /// Fills `sink`, which takes exactly that many bytes.
    fn write(&self, sink: impl Sink) -> Result<(), PayloadError>;
}

impl<T: Serialize> Encode for T {
    #[inline]
    fn size(&self) -> Result<usize, PayloadError> {
        codec::size(self, Part::Argument)
    }

    #[inline]
    fn write(&self, sink: impl Sink) -> Result<(), PayloadError> {
        codec::write(self, Part::Argument, sink)
    }
}

/// Bytes that travel as they are, without a length before them.
pub struct RawBytes<'a>(pub &'a [u8]);

impl Encode for RawBytes<'_> {
    fn size(&self) -> Result<usize, PayloadError> {
        Ok(self.0.len())
    }

    fn write(&self, mut sink: impl Sink) -> Result<(), PayloadError> {
        let filled = sink.put_all(self.0).is_ok() && sink.finish();
        debug_assert!(filled, "the sink has the length of the slice");
        Ok(())
    }
}
