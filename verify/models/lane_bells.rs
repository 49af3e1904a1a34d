use raddle_verify::scenarios::lane_bells;

#[test]
fn worker() {
    lane_bells::WORKER
        .model()
        .bound(Some(3))
        .min_executions(5_000)
        .check();
}

#[test]
fn worker_burst() {
    lane_bells::WORKER_BURST
        .model()
        .bound(Some(2))
        .min_executions(9_000)
        .check();
}

#[test]
fn parent() {
    lane_bells::PARENT
        .model()
        .bound(Some(3))
        .min_executions(8_000)
        .check();
}

#[test]
fn timed() {
    lane_bells::TIMED
        .model()
        .bound(Some(3))
        .min_executions(420)
        .check();
}

#[test]
fn own_ring() {
    lane_bells::OWN_RING
        .model()
        .bound(Some(3))
        .min_executions(150)
        .check();
}

#[test]
fn spoiled_bell() {
    lane_bells::SPOILED
        .model()
        .bound(Some(3))
        .min_executions(500)
        .check();
}

#[test]
fn listener() {
    lane_bells::LISTENER
        .model()
        .bound(Some(3))
        .min_executions(1_000)
        .check();
}

#[test]
fn close() {
    lane_bells::CLOSE
        .model()
        .bound(Some(3))
        .min_executions(2_900)
        .check();
}

#[test]
fn handshake() {
    lane_bells::HANDSHAKE
        .model()
        .bound(Some(3))
        .min_executions(1_000)
        .check();
}

#[test]
fn a_sleep_without_a_look_is_found() {
    lane_bells::NO_LOOK.model().must_fail("deadlock").check();
}

#[test]
fn a_ring_without_a_fence_is_found() {
    lane_bells::NO_FENCE.model().must_fail("deadlock").check();
}

#[test]
fn a_bell_read_after_the_wish_is_found() {
    lane_bells::LATE_BELL
        .model()
        .bound(Some(3))
        .must_fail("deadlock")
        .check();
}

#[test]
fn both_wishes() {
    lane_bells::BOTH_WISHES
        .model()
        .bound(Some(2))
        .min_executions(1_100)
        .check();
}
