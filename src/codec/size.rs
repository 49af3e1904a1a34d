//! Measuring: a sink that only counts. The same code measures and writes, so a size cannot differ from what is written.

use super::memory::{Exhausted, Sink};

/// Counts the bytes that are put.
#[derive(Debug, Default)]
pub struct Counter {
    position: usize,
}

impl Sink for Counter {
    #[inline]
    fn put<const N: usize>(&mut self, _: [u8; N]) -> Result<(), Exhausted> {
        // Each call puts a few bytes only, so this cannot overflow in the time that a program runs.
        self.position = self.position.wrapping_add(N);
        Ok(())
    }

    #[inline]
    fn put_all(&mut self, bytes: &[u8]) -> Result<(), Exhausted> {
        // A value may contain the same gigabyte many times, so this could overflow.
        self.position = self.position.saturating_add(bytes.len());
        Ok(())
    }

    #[inline]
    fn position(&self) -> usize {
        self.position
    }

    #[inline]
    fn patch(&mut self, _: usize, _: [u8; 4]) {}

    #[inline]
    fn finish(&mut self) -> bool {
        true
    }
}
