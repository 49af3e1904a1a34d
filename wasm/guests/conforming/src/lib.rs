//! The tasks of the tests that every kind of executor has to pass, from the same source as those of threads and processes. They reach
//! their tests through files, so the host gives them the directory of these.

// Not all of them are for tasks.
#[allow(dead_code)]
#[path = "../../../../tests/common/gates.rs"]
mod shared;
#[path = "../../../../tests/conformance/tasks.rs"]
mod tasks;

use tasks::*;

raddle_guest::tasks![
    nothing,
    same,
    cube,
    checked,
    no_third,
    doubled,
    triple,
    square,
    added,
    multiplied,
    divided,
    try odd,
    try of_five,
    uneven,
    letters,
    no_row,
    try parsed,
    hundred,
    with_complement,
    sum,
    length,
    same_shape,
    unit_shape,
    noted,
    waited,
    held,
    zero_waits,
    zero_waits_for_others,
    only_zero_ends,
    one_is_stuck,
    two_is_stuck,
];
