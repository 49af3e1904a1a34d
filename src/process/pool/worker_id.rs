//! Which worker a lane has: its name and its process id.

use crate::sync::atomic::{AtomicU32, Ordering::*};

/// The name and process id of a lane's worker.
pub struct WorkerId {
    pub name: String,
    /// The worker's process id; 0 while there is no worker that is ready.
    pid: AtomicU32,
}

impl WorkerId {
    pub fn new(name: String) -> Self {
        let pid = AtomicU32::new(0);
        Self { name, pid }
    }

    #[inline]
    pub fn pid(&self) -> u32 {
        // ORDERING: lane.pid Relaxed: the number publishes no other memory.
        self.pid.load(Relaxed)
    }

    /// Sets the process id when a worker is ready, or 0 when it is gone. Called by the supervisor.
    pub fn set_pid(&self, pid: u32) {
        // ORDERING: lane.set-pid Relaxed: as lane.pid.
        self.pid.store(pid, Relaxed);
    }
}
