//! P7: what a process pool with nothing to do costs: CPU time of this process and of all below it
//! over two seconds. Two workers.

use crate::callers;
use crate::contender::processes::{Call, task};
use crate::contender::python::{self, Pool};
use crate::document::Role;
use crate::measure::family::Usage;
use crate::measure::round::{Options, Round, Workload};
use crate::workload::idle::{per_second, window};
use std::thread;
use std::time::Duration;

fn measure(options: &Options) -> Round {
    // Whatever spinning a pool does after its last task is over by then.
    thread::sleep(Duration::from_millis(300));
    let window = window(options);
    let used = Usage::during(|| thread::sleep(window));
    per_second(used.cpu_us, used.switches, window)
}

/// P7.
pub fn workload(options: &Options) -> Workload {
    fn after_tasks<C: Call>(pool: &mut C, options: &Options) -> Round {
        for x in 0..100 {
            assert_eq!(pool.call(x), task::answer64(x), "a wrong answer came back");
        }
        measure(options)
    }
    let title = "CPU time of parent and workers in a second with an idle pool";
    let mut workload = Workload::new("P7", title, "us")
        .at_most(5)
        .statistic("mean over two seconds");
    let o = options.clone();
    workload.entry(Role::Floor, "no pool", move || measure(&o));
    let o = options.clone();
    python::add_idle(&mut workload, Pool::Process, 2, move || measure(&o));
    callers!(workload, 2, options, after_tasks);
    workload
}
