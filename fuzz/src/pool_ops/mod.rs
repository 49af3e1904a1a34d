//! Thread pools: whatever the schedule is, each task runs once or has a reason why not, its future resolves once
//! and with the right outcome, and everything is dropped once.

mod body;
mod machine;
mod world;

use crate::Subject;
use crate::bytes::decode;
use crate::marks::Marks;
use arbitrary::Arbitrary;
use body::{Body, Few};
use machine::Machine;

/// See the module.
pub const SUBJECT: Subject = Subject {
    name: "pool_ops",
    run,
    show,
    reachable: &[
        "awaited",
        "callback",
        "cancel too late",
        "cancelled",
        "cancelled by shutdown",
        "failed",
        "inside worker",
        "join panicked",
        "join",
        "no such worker",
        "panicked",
        "pool dropped",
        "queue full",
        "rejected",
        "scope panicked",
        "scope",
        "shut down",
        "slice panicked",
        "slice",
        "timed out",
        "value",
        "wait in a task",
    ],
};

/// The pool.
#[derive(Arbitrary, Debug, Clone)]
pub struct Setup {
    workers: u8,
    idle: Idle,
    limit: u8,
    when_full: WhenFull,
    spares: u8,
    end: End,
}

#[derive(Arbitrary, Debug, Clone, Copy)]
enum Idle {
    Balanced,
    ParkAtOnce,
    NeverPark,
}

#[derive(Arbitrary, Debug, Clone, Copy)]
enum WhenFull {
    Block,
    Reject,
    RunOnCaller,
}

#[derive(Arbitrary, Debug, Clone, Copy)]
enum End {
    Shutdown { cancels: bool },
    Drop,
}

/// How a task gets in.
#[derive(Arbitrary, Debug, Clone, Copy)]
enum Way {
    Spawn,
    TrySpawn,
    On(u8),
    Named,
    NamedOn(u8),
}

/// What the main thread does next. Futures are numbered in the order of their tasks.
#[derive(Arbitrary, Debug, Clone)]
enum Step {
    Spawn {
        way: Way,
        body: Body,
        callback: bool,
    },
    SpawnMany(Few),
    /// A task that waits for the future of an earlier one.
    SpawnAfter(u8),
    Cancel(u8),
    Drop(u8),
    CancelOnDrop(u8),
    Result(u8),
    Try(u8),
    Timeout(u8),
    Await(u8),
    Callback(u8),
    WaitAll,
    AsCompleted,
    OpenGate(u8),
    Here(Body),
    Close {
        cancels: bool,
    },
    ShutdownNow {
        cancels: bool,
    },
    Shutdown {
        cancels: bool,
    },
    Stats,
}

fn run(data: &[u8]) -> Marks {
    let (setup, steps) = decode::<Setup, Step>(data);
    let mut machine = Machine::new(&setup);
    for step in &steps {
        machine.step(step);
    }
    machine.end(setup.end)
}

fn show(data: &[u8]) -> String {
    let (setup, steps) = decode::<Setup, Step>(data);
    format!("{setup:#?} {steps:#?}")
}
