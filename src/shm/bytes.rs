//! Bytes that another process may be writing while they are read.
//!
//! Such bytes are never borrowed as a slice. They are copied once, by code that the compiler cannot see into, and
//! checked afterwards. A byte that changes during the copy arrives as one of the values that it had. Only a worker
//! borrows bytes in place, and only those that no other thread writes: the request that it serves, and the space of its
//! reply.

use std::marker::PhantomData;
use std::mem::MaybeUninit;
use std::ptr::NonNull;

#[cfg(raddle_loom)]
use crate::sync::cell::UnsafeCell;

/// A range of shared memory. Reading and writing through this type is always sound.
#[derive(Clone, Copy)]
pub struct Region<'a> {
    base: NonNull<u8>,
    len: usize,
    /// For each cache line of the arena a cell that loom watches, and the first line of this region.
    #[cfg(raddle_loom)]
    lines: (&'a [UnsafeCell<()>], usize),
    _borrowed: PhantomData<&'a ()>,
}

// SAFETY: all accesses are copies, which tolerate concurrent accesses.
unsafe impl Send for Region<'_> {}
// SAFETY: as above.
unsafe impl Sync for Region<'_> {}

impl<'a> Region<'a> {
    /// # Safety
    ///
    /// For `'a` the bytes stay mapped, readable and (if they are written) writable. The holder of a reference to any of them
    /// makes sure that they are not written through this region, or, if the reference is mutable, not accessed at all.
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

    /// The address of the first byte, for [`copy`] alone.
    #[inline]
    pub fn base(&self) -> NonNull<u8> {
        self.base
    }

    /// Its length in bytes.
    #[inline]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Copies bytes out, from `at` on, and fills all of `into`.
    ///
    /// # Panics
    ///
    /// If the region ends before `into` is full.
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

    /// Copies `bytes` in, from `at` on.
    ///
    /// # Panics
    ///
    /// If the region ends before all of them are written.
    #[inline]
    pub fn write(&self, at: usize, bytes: &[u8]) {
        let to = self.at(at, bytes.len());
        #[cfg(raddle_loom)]
        self.touch(at, bytes.len(), true);
        // SAFETY: `at` has checked the bounds; the source is borrowed.
        unsafe { copy(bytes.as_ptr(), to.as_ptr(), bytes.len()) };
    }

    /// Copies all bytes out. None: there is not enough memory for the copy.
    pub fn try_to_vec(self) -> Option<Vec<u8>> {
        let mut bytes = Vec::new();
        bytes.try_reserve_exact(self.len).ok()?;
        self.append_to(&mut bytes);
        Some(bytes)
    }

    /// Copies all bytes out.
    pub fn to_vec(self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.len);
        self.append_to(&mut bytes);
        bytes
    }

    /// Fills the spare capacity of `bytes`, which must be large enough.
    fn append_to(self, bytes: &mut Vec<u8>) {
        let spare = &mut bytes.spare_capacity_mut()[..self.len];
        self.read(0, spare);
        // SAFETY: that many bytes have just been written.
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

/// Copies `len` bytes, of which one side may be accessed by other processes at the same time.
///
/// # Safety
///
/// Both ranges are valid for `len` bytes and do not overlap. One of them belongs to the caller. Other threads and
/// processes may read and write the other one during the copy.
#[cfg(not(any(miri, raddle_loom, raddle_shuttle)))]
#[inline]
pub unsafe fn copy(from: *const u8, to: *mut u8, len: usize) {
    use std::arch::asm;
    // The compiler cannot see through this call: it can assume nothing about the bytes, and cannot read any of them again.
    let memcpy: unsafe extern "C" fn(*mut libc::c_void, *const libc::c_void, usize) -> _ =
        libc::memcpy;
    // SAFETY: the C library's copy with its own calling convention; the caller promises that both ranges are valid.
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

/// Copies `len` bytes.
///
/// # Safety
///
/// As in the other flavour. Nothing else accesses the bytes, because a test without a kernel has no second process.
#[cfg(any(miri, raddle_loom, raddle_shuttle))]
pub unsafe fn copy(from: *const u8, to: *mut u8, len: usize) {
    // SAFETY: the caller's promise.
    unsafe { std::ptr::copy_nonoverlapping(from, to, len) };
}
