//! procspawn: its `Pool`, and `JoinHandle`s.

use super::{Batch, Call, Payload, Replace, Workers, task};
use procspawn::Pool;
use std::panic::{self, AssertUnwindSafe};

/// See the module.
pub struct Procspawn(Pool);

/// To be called first in `main`: its workers do not come back from here.
pub fn init() {
    // SAFETY: every function that is spawned is linked into this program.
    unsafe { procspawn::assert_spawn_is_safe() };
    procspawn::init();
}

impl Workers for Procspawn {
    const NAME: &'static str = "procspawn";
    const SLOWER: usize = 20;

    fn start(workers: usize) -> Procspawn {
        Procspawn(Pool::new(workers).unwrap())
    }
}

impl Call for Procspawn {
    fn call(&mut self, x: u64) -> u64 {
        self.0.spawn(x, task::answer64).join().unwrap()
    }
}

impl Batch for Procspawn {
    /// In waves of a thousand: every open call holds descriptors.
    fn batch(&mut self, n: u64, mut each: impl FnMut(u64)) {
        let mut next = 0;
        while next < n {
            let end = n.min(next + 1_000);
            let spawn = |x| self.0.spawn(x, task::answer64);
            let handles: Vec<_> = (next..end).map(spawn).collect();
            for handle in handles {
                each(handle.join().unwrap());
            }
            next = end;
        }
    }
}

impl Payload for Procspawn {
    fn exchange(&mut self, bytes: Vec<u8>) -> Vec<u8> {
        self.0.spawn(bytes, task::look_at).join().unwrap()
    }
}

impl Replace for Procspawn {
    /// The call that finds the worker dead is lost, or panics, and the caller tries again.
    fn identify(&mut self, x: u64) -> (u64, u32) {
        let hook = panic::take_hook();
        panic::set_hook(Box::new(|_| {}));
        let answer = loop {
            let call = || self.0.spawn(x, task::identify).join();
            if let Ok(Ok(answer)) = panic::catch_unwind(AssertUnwindSafe(call)) {
                break answer;
            }
        };
        panic::set_hook(hook);
        answer
    }
}
