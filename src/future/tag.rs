//! Whose task a cell is, in one word.

/// Whose task it is: the executor's number, the fork generation it was made in, whether it may only
/// run on the worker that it was queued for, and whether it counts against a limit on the queue.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Tag(u32);

impl Tag {
    const BOUND: u32 = 1 << 31;
    const COUNTED: u32 = 1 << 30;
    const GENERATION: u32 = 0x3f;

    /// No executor: a promise, or born done.
    pub const NONE: Self = Self(0);

    /// A task that runs in another process, made in this fork generation: no worker here may run it.
    pub const fn remote(generation: u32) -> Self {
        Self::new(0, generation).bound()
    }

    /// A task of executor `number` (not 0, 24 bits).
    pub const fn new(number: u32, generation: u32) -> Self {
        Self((number & 0x00ff_ffff) | (generation & Self::GENERATION) << 24)
    }

    /// The same, but no other worker may run it.
    pub const fn bound(self) -> Self {
        Self(self.0 | Self::BOUND)
    }

    pub const fn is_bound(self) -> bool {
        self.0 & Self::BOUND != 0
    }

    /// The same, counted.
    pub const fn counted(self) -> Self {
        Self(self.0 | Self::COUNTED)
    }

    pub const fn is_counted(self) -> bool {
        self.0 & Self::COUNTED != 0
    }

    /// Made by the same executor as `other`.
    pub const fn same_executor(self, other: Self) -> bool {
        (self.0 ^ other.0) & !(Self::BOUND | Self::COUNTED) == 0
    }

    /// Its executor's threads stayed in the parent of this forked process.
    pub fn is_orphan(self) -> bool {
        self.0 != 0
            && (self.0 >> 24) & Self::GENERATION
                != crate::sys::fork::generation() & Self::GENERATION
    }
}
