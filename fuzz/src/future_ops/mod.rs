//! Promises and futures on one thread: every answer, every callback and its place in the order, every wake and
//! every drop is compared with a [`model`] after each step.

mod machine;
mod model;
mod wait;

use crate::Subject;
use crate::bytes::decode;
use crate::marks::Marks;
use arbitrary::Arbitrary;
use machine::Machine;

/// See the module.
pub const SUBJECT: Subject = Subject {
    name: "future_ops",
    run,
    show,
    reachable: &[
        "abandoned",
        "callback after the end",
        "callback completes another",
        "callback adds another",
        "callback panics",
        "cancel won",
        "cancel too late",
        "cancel twice",
        "clone dropped",
        "destructor panicked",
        "dropped before the end",
        "error unobserved",
        "first completed",
        "first error",
        "guard cancelled",
        "poll pending",
        "poll ready",
        "outcome back",
        "result taken",
        "set ended",
        "set item",
        "set pending",
        "set remaining",
        "set timed out",
        "wait timed out",
        "woken",
    ],
};

/// What happens next. Futures are numbered; a step that makes no sense where things stand is passed over.
#[derive(Arbitrary, Debug, Clone)]
enum Step {
    New,
    Start(u8),
    Complete { at: u8, is_bad: bool },
    Fail { at: u8, how: Failing },
    Abandon(u8),
    Cancel(u8),
    Drop(u8),
    Look(u8),
    Callback { at: u8, what: Calling },
    Poll { at: u8, waker: u8, clone: u8 },
    Take { at: u8, how: Taking },
    Share(u8),
    Clone(u8),
    DropClone { at: u8, clone: u8 },
    Guard(u8),
    Unguard(u8),
    Wait { which: u8, when: When, form: Form },
    Set { which: u8 },
    SetPoll { waker: u8 },
    SetNext,
    SetTimeout,
    SetRemaining,
    SetDrop,
}

#[derive(Arbitrary, Debug, Clone)]
enum Failing {
    Error { is_bad: bool },
    TimedOut,
    Cancelled,
}

#[derive(Arbitrary, Debug, Clone)]
enum Calling {
    Nothing,
    Panic,
    Complete { other: u8 },
    AddAnother,
}

#[derive(Arbitrary, Debug, Clone)]
enum Taking {
    Result,
    Try,
    Timeout,
}

#[derive(Arbitrary, Debug, Clone, Copy)]
enum When {
    FirstCompleted,
    FirstError,
    AllCompleted,
}

#[derive(Arbitrary, Debug, Clone, Copy)]
enum Form {
    Owned,
    Borrowed,
    Shared,
}

fn run(data: &[u8]) -> Marks {
    let ((), steps) = decode::<(), Step>(data);
    let mut machine = Machine::new();
    for step in &steps {
        machine.step(step);
        machine.compare();
    }
    machine.end()
}

fn show(data: &[u8]) -> String {
    let ((), steps) = decode::<(), Step>(data);
    format!("{steps:#?}")
}
