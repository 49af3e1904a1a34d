use raddle_verify::scenarios::memory;

#[test]
fn drain() {
    memory::DRAIN.model().min_executions(10).check();
}

#[test]
fn chain() {
    memory::CHAIN.model().min_executions(2).check();
}

#[test]
fn reuse() {
    memory::REUSE.model().min_executions(9).check();
}

#[test]
fn two_freers() {
    memory::TWO_FREERS.model().min_executions(500).check();
}
