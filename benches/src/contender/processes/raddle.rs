//! raddle's `ProcessPool` as it comes.

use super::{Batch, Call, Payload, Replace, Workers, task};
use crate::document::Role;
use raddle::{Executor, ProcessPool};

/// See the module.
pub struct Raddle(ProcessPool);

impl Workers for Raddle {
    const NAME: &'static str = "raddle";
    const ROLE: Role = Role::Raddle;

    fn start(workers: usize) -> Raddle {
        Raddle(ProcessPool::new(workers).unwrap())
    }
}

impl Call for Raddle {
    #[inline]
    fn call(&mut self, x: u64) -> u64 {
        self.0.submit(task::answer64, x).result().unwrap()
    }
}

impl Batch for Raddle {
    fn batch(&mut self, n: u64, mut each: impl FnMut(u64)) {
        let submit = |x| self.0.submit(task::answer64, x);
        let futures: Vec<_> = (0..n).map(submit).collect();
        for future in futures {
            each(future.result().unwrap());
        }
    }
}

impl Payload for Raddle {
    fn exchange(&mut self, bytes: Vec<u8>) -> Vec<u8> {
        self.0.submit(task::look_at, bytes).result().unwrap()
    }
}

impl Replace for Raddle {
    /// A worker that dies while it has the task takes it along.
    fn identify(&mut self, x: u64) -> (u64, u32) {
        loop {
            if let Ok(answer) = self.0.submit(task::identify, x).result() {
                return answer;
            }
        }
    }
}
