//! raddle's `ProcessPool` as it comes.

use super::{Batch, Call, Payload, Replace, Workers, check, task};
use crate::document::Role;
use raddle::process::{BytesIn, BytesOut};
use raddle::{Executor, ProcessPool, TaskError};

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
            match self.0.submit(task::identify, x).result() {
                Err(TaskError::WorkerLost(_)) => {}
                answer => return answer.unwrap(),
            }
        }
    }
}

/// Bytes that the worker looks at where they lie. With `ANEW` it writes the answer, which is a copy of them; without,
/// it passes them on.
pub struct InPlace<const ANEW: bool>(ProcessPool);

impl<const ANEW: bool> Workers for InPlace<ANEW> {
    const NAME: &'static str = if ANEW {
        "raddle submit_bytes, written anew"
    } else {
        "raddle submit_bytes, passed on"
    };
    const ROLE: Role = Role::Raddle;

    fn start(workers: usize) -> Self {
        InPlace(ProcessPool::new(workers).unwrap())
    }
}

impl<const ANEW: bool> Payload for InPlace<ANEW> {
    fn exchange(&mut self, bytes: Vec<u8>) -> Vec<u8> {
        let task = if ANEW {
            self.0.submit_bytes(write_anew, &bytes)
        } else {
            self.0.submit_bytes(pass_on, &bytes)
        };
        // As `submit` does with what it takes.
        drop(bytes);
        task.result().unwrap()
    }
}

fn pass_on(bytes: BytesIn<'_>) -> BytesOut<'_> {
    check(&bytes);
    bytes.pass_on()
}

fn write_anew(bytes: BytesIn<'_>) -> BytesOut<'_> {
    check(&bytes);
    let mut out = bytes.out(bytes.len());
    out.copy_from_slice(&bytes);
    out
}
