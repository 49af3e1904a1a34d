//! A shared library without raddle, which a program is linked with.

#[inline(never)]
pub fn double(n: u64) -> u64 {
    n * 2
}
