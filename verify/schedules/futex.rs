use raddle_verify::scenarios::futex;

#[test]
fn handshake() {
    futex::HANDSHAKE.model().min_executions(10).check();
}

#[test]
fn handshake_sampled() {
    futex::HANDSHAKE.model().random(5_000);
    futex::HANDSHAKE.model().pct(3, 5_000);
}

#[test]
fn timed() {
    futex::TIMED.model().min_executions(10).check();
}

#[test]
fn two_sleepers() {
    futex::TWO_SLEEPERS.model().min_executions(100).check();
}

#[test]
fn freed_before_the_wake() {
    futex::FREED.model().min_executions(10).check();
}

#[test]
fn a_compare_outside_of_the_futex_is_found() {
    futex::COMPARE_OUTSIDE.model().must_fail("deadlock").check();
}
