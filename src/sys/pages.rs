//! Fresh memory from the kernel: zeroed, and without physical pages until it is used.

use std::alloc::{Layout, handle_alloc_error};
use std::ptr::{self, NonNull};

const PAGE: usize = 4096;
const HUGE: usize = 2 << 20;

/// A page-aligned, anonymous mapping, unmapped on drop.
pub struct Pages {
    base: NonNull<u8>,
    bytes: usize,
}

// SAFETY: an address range. The holder is responsible for accesses through the base pointer.
unsafe impl Send for Pages {}
// SAFETY: as above.
unsafe impl Sync for Pages {}

impl Pages {
    /// Maps at least `bytes` bytes. Ends the program if there is no memory, as every allocation does.
    pub fn zeroed(bytes: usize) -> Self {
        let bytes = bytes.max(1).next_multiple_of(PAGE);
        // SAFETY: an anonymous mapping at an address of the kernel's choice.
        let base = unsafe {
            libc::mmap(
                ptr::null_mut(),
                bytes,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
                -1,
                0,
            )
        };
        let base = NonNull::new(base.cast::<u8>()).filter(|_| base != libc::MAP_FAILED);
        let Some(base) = base else {
            handle_alloc_error(Layout::array::<u8>(bytes).unwrap_or(Layout::new::<u8>()));
        };
        // Without huge pages each page is zeroed when it is first used, and near the core that uses it. A huge page would be
        // zeroed at once, by the first thread that touches it. If the kernel refuses this advice, nothing else changes.
        if !cfg!(miri) && bytes >= HUGE {
            // SAFETY: advice on the range just mapped.
            let _ = unsafe { libc::madvise(base.as_ptr().cast(), bytes, libc::MADV_NOHUGEPAGE) };
        }
        Self { base, bytes }
    }

    pub fn base(&self) -> NonNull<u8> {
        self.base
    }
}

impl Drop for Pages {
    fn drop(&mut self) {
        // SAFETY: mapped by `zeroed`. Code that refers into the mapping keeps `self` alive.
        unsafe { libc::munmap(self.base.as_ptr().cast(), self.bytes) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_bytes_are_zero_and_writable() {
        let pages = Pages::zeroed(2 * PAGE + 1);
        for at in [0, PAGE, 2 * PAGE, 3 * PAGE - 1] {
            // SAFETY: within the three pages, which only this thread uses.
            unsafe {
                let byte = pages.base().add(at);
                assert_eq!(byte.read(), 0);
                byte.write(7);
                assert_eq!(byte.read(), 7);
            }
        }
    }
}
