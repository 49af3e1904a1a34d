//! Each pair of operations, beside a worker that serves: see the scenario.

use raddle_verify::Model;
use raddle_verify::scenarios::matrix::{OPS, Op, cannot_meet, name, run};

/// All pairs of an operation with itself and those behind it in the list.
fn row(one: Op) {
    for other in OPS.into_iter().skip_while(|&op| op != one) {
        if cannot_meet(one, other).is_some() {
            continue;
        }
        // One that waits for room is the other thread's.
        let (mine, theirs) = if one == Op::Room {
            (other, one)
        } else {
            (one, other)
        };
        let model = || Model::new(name(one, other)).may(&["all ran", "not all ran"]);
        model().run_random(500, move |out| run(mine, theirs, true, out));
        model().run_pct(3, 500, move |out| run(mine, theirs, true, out));
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
