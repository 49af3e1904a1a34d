use raddle_verify::scenarios::futex;

#[test]
fn handshake() {
    futex::HANDSHAKE.model().min_executions(50).check();
}

#[test]
fn timed() {
    futex::TIMED.model().min_executions(50).check();
}

#[test]
fn two_sleepers() {
    futex::TWO_SLEEPERS
        .model()
        .bound(Some(3))
        .min_executions(500)
        .check();
}

#[test]
fn freed_before_the_wake() {
    futex::FREED.model().min_executions(50).check();
}

#[test]
fn a_compare_outside_of_the_futex_is_found() {
    futex::COMPARE_OUTSIDE.model().must_fail("deadlock").check();
}

#[test]
fn a_relaxed_publication_is_found() {
    futex::PUBLISH_RELAXED
        .model()
        .must_fail("Causality violation")
        .check();
}
