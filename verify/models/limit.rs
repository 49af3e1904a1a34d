use raddle_verify::scenarios::limit;

#[test]
fn give() {
    limit::GIVE.model().min_executions(1_200).check();
}

#[test]
fn two_takers() {
    limit::TWO_TAKERS
        .model()
        .bound(Some(3))
        .min_executions(1_800)
        .check();
}

#[test]
fn two_sleepers() {
    limit::TWO_SLEEPERS
        .model()
        .bound(Some(2))
        .min_executions(34_000)
        .check();
}

#[test]
fn close() {
    limit::CLOSE.model().min_executions(82).check();
}

#[test]
fn close_two() {
    limit::CLOSE_TWO
        .model()
        .bound(Some(2))
        .min_executions(2_000)
        .check();
}

#[test]
fn give_or_close() {
    limit::GIVE_OR_CLOSE
        .model()
        .bound(Some(3))
        .min_executions(7_000)
        .check();
}
