//! A hint to the CPU that a cache line will soon be used.

/// Prefetches the cache line at `address` into all cache levels. The address need not be valid. Does nothing on CPUs other
/// than x86-64.
#[inline(always)]
pub fn line<T>(address: *const T) {
    #[cfg(all(target_arch = "x86_64", not(miri)))]
    // SAFETY: a prefetch has no effect that the program could observe, whatever the address.
    unsafe {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        _mm_prefetch::<_MM_HINT_T0>(address.cast());
    }
    #[cfg(any(not(target_arch = "x86_64"), miri))]
    let _ = address;
}
