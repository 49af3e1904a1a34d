//! Bytes that another process may be writing while they are read.
//!
//! Such bytes are never borrowed as a slice. They are copied, once, by code that the compiler cannot look
//! into, and judged afterwards: a byte that changes meanwhile arrives as one of the values that it had. Only a worker
//! borrows what nobody else writes: the request that it serves, and the space of its answer.

use std::marker::PhantomData;
use std::mem::MaybeUninit;
use std::ptr::NonNull;

#[cfg(raddle_loom)]
use crate::sync::cell::UnsafeCell;

/// A stretch of shared memory. Reading and writing it through this is always sound.
#[derive(Clone, Copy)]
pub struct Region<'a> {
    base: NonNull<u8>,
    len: usize,
    /// For each line of the arena a cell that loom watches, and the first line of this region.
    #[cfg(raddle_loom)]
    lines: (&'a [UnsafeCell<()>], usize),
    _borrowed: PhantomData<&'a ()>,
}

// SAFETY: all accesses are copies that allow for others at the same time.
unsafe impl Send for Region<'_> {}
// SAFETY: as above.
unsafe impl Sync for Region<'_> {}

impl<'a> Region<'a> {
    /// # Safety
    ///
    /// The bytes stay mapped, readable and (if they are written) writable for `'a`, and whoever has a
    /// reference to them keeps them from being written, or read, through this.
    pub(super) unsafe fn new(
        base: NonNull<u8>,
        len: usize,
        #[cfg(raddle_loom)] lines: (&'a [UnsafeCell<()>], usize),
    ) -> Self {
        Self {
            base,
            len,
            #[cfg(raddle_loom)]
            lines,
            _borrowed: PhantomData,
        }
    }

    /// Where it lies, for copies of the kind of [`copy`] alone.
    #[inline]
    pub fn base(&self) -> NonNull<u8> {
        self.base
    }

    /// Bytes.
    #[inline]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Copies bytes out, from `at` on, as many as `into` has room for; all of `into` is written.
    ///
    /// # Panics
    ///
    /// If the region ends before that.
    #[inline]
    pub fn read<'b>(&self, at: usize, into: &'b mut [MaybeUninit<u8>]) -> &'b mut [u8] {
        let from = self.at(at, into.len());
        #[cfg(raddle_loom)]
        self.touch(at, into.len(), false);
        // SAFETY: `at` has checked the bounds; the destination is ours.
        unsafe { copy(from.as_ptr(), into.as_mut_ptr().cast(), into.len()) };
        // SAFETY: every byte has been written, and a byte has no invalid value.
        unsafe { &mut *(std::ptr::from_mut(into) as *mut [u8]) }
    }

    /// Copies bytes in, from `at` on.
    ///
    /// # Panics
    ///
    /// If the region ends before that.
    #[inline]
    pub fn write(&self, at: usize, bytes: &[u8]) {
        let to = self.at(at, bytes.len());
        #[cfg(raddle_loom)]
        self.touch(at, bytes.len(), true);
        // SAFETY: `at` has checked the bounds; the source is borrowed.
        unsafe { copy(bytes.as_ptr(), to.as_ptr(), bytes.len()) };
    }

    /// All of it. None: there is no memory for that.
    pub fn try_to_vec(self) -> Option<Vec<u8>> {
        let mut bytes = Vec::new();
        bytes.try_reserve_exact(self.len).ok()?;
        self.append_to(&mut bytes);
        Some(bytes)
    }

    /// All of it.
    pub fn to_vec(self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.len);
        self.append_to(&mut bytes);
        bytes
    }

    /// There is room for it.
    fn append_to(self, bytes: &mut Vec<u8>) {
        let room = &mut bytes.spare_capacity_mut()[..self.len];
        self.read(0, room);
        // SAFETY: that many have just been written.
        unsafe { bytes.set_len(self.len) };
    }

    #[inline]
    fn at(&self, at: usize, len: usize) -> NonNull<u8> {
        assert!(
            at <= self.len && len <= self.len - at,
            "{len} bytes at {at} of a region of {}",
            self.len
        );
        // SAFETY: within the region.
        unsafe { self.base.add(at) }
    }

    #[cfg(raddle_loom)]
    fn touch(&self, at: usize, len: usize, write: bool) {
        let (lines, first) = self.lines;
        let last = first + (at + len).div_ceil(LINE);
        for line in &lines[first + at / LINE..last] {
            if write {
                line.with_mut(drop);
            } else {
                line.with(drop);
            }
        }
    }
}

#[cfg(raddle_loom)]
pub(super) const LINE: usize = 64;

/// # Safety
///
/// Both are valid for `len` bytes and do not overlap; one of them belongs to the caller. The other may be
/// read and written by anybody at the same time.
#[cfg(not(any(miri, raddle_loom, raddle_shuttle)))]
#[inline]
pub unsafe fn copy(from: *const u8, to: *mut u8, len: usize) {
    use std::arch::asm;
    // A call that the compiler cannot see through: it can assume nothing about what the bytes are, nor
    // read any of them again.
    let memcpy: unsafe extern "C" fn(*mut libc::c_void, *const libc::c_void, usize) -> _ =
        libc::memcpy;
    // SAFETY: the C library's copy with its own calling convention; what is there is the caller's promise.
    #[cfg(target_arch = "x86_64")]
    unsafe {
        asm!(
            "call {memcpy}",
            memcpy = in(reg) memcpy,
            inout("rdi") to => _,
            inout("rsi") from => _,
            inout("rdx") len => _,
            clobber_abi("C"),
        );
    }
    // SAFETY: as above.
    #[cfg(target_arch = "aarch64")]
    unsafe {
        asm!(
            "blr {memcpy}",
            memcpy = in(reg) memcpy,
            inout("x0") to => _,
            inout("x1") from => _,
            inout("x2") len => _,
            clobber_abi("C"),
        );
    }
}

/// # Safety
///
/// As the other one; nobody else accesses the bytes, since no test without a kernel has another process.
#[cfg(any(miri, raddle_loom, raddle_shuttle))]
pub unsafe fn copy(from: *const u8, to: *mut u8, len: usize) {
    // SAFETY: the caller's promise.
    unsafe { std::ptr::copy_nonoverlapping(from, to, len) };
}
