use raddle_verify::scenarios::memory;

#[test]
fn drain() {
    memory::DRAIN.model().min_executions(2_000).check();
}

#[test]
fn chain() {
    memory::CHAIN.model().min_executions(50).check();
}

#[test]
fn reuse() {
    memory::REUSE.model().min_executions(500).check();
}

#[test]
fn two_freers() {
    memory::TWO_FREERS
        .model()
        .bound(Some(3))
        .min_executions(900)
        .check();
}
