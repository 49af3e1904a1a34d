use raddle_verify::scenarios::generation;

#[test]
fn first() {
    generation::FIRST.model().min_executions(70_000).check();
}

#[test]
fn fork() {
    generation::FORK
        .model()
        .bound(Some(3))
        .min_executions(22_000)
        .check();
}

#[test]
fn named() {
    generation::NAMED.model().min_executions(70).check();
}

#[test]
fn a_count_after_the_exchange_is_found() {
    generation::SWAP_FIRST
        .model()
        .must_fail("left == right")
        .check();
}
