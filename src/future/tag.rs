//! Which executor a task belongs to, in one word.

/// The executor's number, the fork generation in which the task was made, whether the task may run only on the worker
/// that it was queued for, whether it counts against the queue limit, and whether it is exclusive: it uses the worker's state,
/// which one task at a time may use. It never changes while the cell lives.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Tag(u32);

impl Tag {
    const BOUND: u32 = 1 << 31;
    const COUNTED: u32 = 1 << 30;
    const EXCLUSIVE: u32 = 1 << 29;
    const GENERATION: u32 = 0x3f;

    /// The largest number of an executor. No program has so many executors at a time. If two shared a number, each would
    /// take the other's tasks for its own.
    pub const MOST: u32 = 0x007f_ffff;

    /// No executor: a promise, or a future that is done from the start.
    pub const NONE: Self = Self(0);

    /// A task that runs in another process, made in fork generation `generation`: no worker here may run it.
    pub const fn remote(generation: u32) -> Self {
        Self::new(0, generation).bound()
    }

    /// A task of executor `number` (not 0, at most [`Self::MOST`]).
    pub const fn new(number: u32, generation: u32) -> Self {
        Self((number & Self::MOST) | (generation & Self::GENERATION) << 23)
    }

    /// The executor's number; 0 if there is none.
    pub const fn number(self) -> u32 {
        self.0 & Self::MOST
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

    /// The same tag, for a task that uses the worker's state.
    pub const fn exclusive(self) -> Self {
        Self(self.0 | Self::EXCLUSIVE)
    }

    pub const fn is_exclusive(self) -> bool {
        self.0 & Self::EXCLUSIVE != 0
    }

    /// Both tasks belong to one executor, in one fork generation, and both are exclusive or neither is.
    pub const fn same_executor(self, other: Self) -> bool {
        (self.0 ^ other.0) & !(Self::BOUND | Self::COUNTED) == 0
    }

    /// The task was made before this process was forked: its executor's threads stayed in the parent.
    pub fn predates_fork(self) -> bool {
        self.0 != 0
            && (self.0 >> 23) & Self::GENERATION
                != crate::sys::fork::generation() & Self::GENERATION
    }
}
