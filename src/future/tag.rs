//! Which executor a task belongs to, in one word.

/// The executor's number, the fork generation in which the task was made, whether the task may run only on the worker
/// that it was queued for, and whether it counts against the queue limit. It never changes while the cell lives.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Tag(u32);

impl Tag {
    const BOUND: u32 = 1 << 31;
    const COUNTED: u32 = 1 << 30;
    const GENERATION: u32 = 0x3f;

    /// No executor: a promise, or a future that is done from the start.
    pub const NONE: Self = Self(0);

    /// A task that runs in another process, made in fork generation `generation`: no worker here may run it.
    pub const fn remote(generation: u32) -> Self {
        Self::new(0, generation).bound()
    }

    /// A task of executor `number` (not 0, 24 bits).
    pub const fn new(number: u32, generation: u32) -> Self {
        Self((number & 0x00ff_ffff) | (generation & Self::GENERATION) << 24)
    }

    /// The same tag, but only the worker that the task is queued for may run it.
    pub const fn bound(self) -> Self {
        Self(self.0 | Self::BOUND)
    }

    pub const fn is_bound(self) -> bool {
        self.0 & Self::BOUND != 0
    }

    /// The same tag, for a task that counts against the queue limit.
    pub const fn counted(self) -> Self {
        Self(self.0 | Self::COUNTED)
    }

    pub const fn is_counted(self) -> bool {
        self.0 & Self::COUNTED != 0
    }

    /// Both tasks belong to one executor, in one fork generation.
    pub const fn same_executor(self, other: Self) -> bool {
        (self.0 ^ other.0) & !(Self::BOUND | Self::COUNTED) == 0
    }

    /// The task was made before this process was forked: its executor's threads stayed in the parent.
    pub fn predates_fork(self) -> bool {
        self.0 != 0
            && (self.0 >> 24) & Self::GENERATION
                != crate::sys::fork::generation() & Self::GENERATION
    }
}
