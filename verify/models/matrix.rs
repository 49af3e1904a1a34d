//! Each pair of operations: see the scenario.

use raddle_verify::Model;
use raddle_verify::scenarios::matrix::{OPS, Op, are_submitters, cannot_meet, name, run};

/// All pairs of an operation with itself and those behind it in the list.
fn row(one: Op) {
    for other in OPS.into_iter().skip_while(|&op| op != one) {
        if let Some(why) = cannot_meet(one, other) {
            println!("{}: cannot meet: {why}", name(one, other));
            continue;
        }
        if are_submitters([one, other]) {
            println!("{}: three threads at least: a schedule", name(one, other));
            continue;
        }
        // One that waits for room is the other thread's.
        let (mine, theirs) = if one == Op::Room {
            (other, one)
        } else {
            (one, other)
        };
        Model::new(name(one, other))
            .may(&["all ran", "not all ran"])
            .bound(Some(2))
            .min_executions(20)
            .run(move |out| run(mine, theirs, false, out));
    }
}

#[test]
fn submit() {
    row(Op::Submit);
}

#[test]
fn nothing() {
    row(Op::Nothing);
}

#[test]
fn give() {
    row(Op::Give);
}

#[test]
fn expire() {
    row(Op::Expire);
}

#[test]
fn cancel() {
    row(Op::Cancel);
}

#[test]
fn kill() {
    row(Op::Kill);
}

#[test]
fn pump() {
    row(Op::Pump);
}

#[test]
fn retire() {
    row(Op::Retire);
}

#[test]
fn bury() {
    row(Op::Bury);
}

#[test]
fn replace() {
    row(Op::Replace);
}

#[test]
fn close() {
    row(Op::Close);
}

#[test]
fn room() {
    row(Op::Room);
}

#[test]
fn engage() {
    row(Op::Engage);
}

#[test]
fn drop_handle() {
    row(Op::DropHandle);
}

#[test]
fn drop_pool() {
    row(Op::DropPool);
}

#[test]
fn serve() {
    row(Op::Serve);
}
