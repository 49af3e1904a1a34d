use raddle_verify::scenarios::lane_bells;

#[test]
fn worker() {
    lane_bells::WORKER.model().random(1_000);
    lane_bells::WORKER.model().pct(3, 1_000);
}

#[test]
fn worker_burst() {
    lane_bells::WORKER_BURST.model().random(1_000);
    lane_bells::WORKER_BURST.model().pct(3, 1_000);
}

#[test]
fn parent() {
    lane_bells::PARENT.model().random(1_000);
    lane_bells::PARENT.model().pct(3, 1_000);
}

#[test]
fn timed() {
    lane_bells::TIMED.model().random(1_000);
    lane_bells::TIMED.model().pct(3, 1_000);
}

#[test]
fn own_ring() {
    lane_bells::OWN_RING.model().random(1_000);
    lane_bells::OWN_RING.model().pct(3, 1_000);
}

#[test]
fn spoiled_bell() {
    lane_bells::SPOILED.model().random(1_000);
    lane_bells::SPOILED.model().pct(3, 1_000);
}

#[test]
fn listener() {
    lane_bells::LISTENER.model().random(1_000);
    lane_bells::LISTENER.model().pct(3, 1_000);
}

#[test]
fn close() {
    lane_bells::CLOSE.model().random(1_000);
    lane_bells::CLOSE.model().pct(3, 1_000);
}

#[test]
fn handshake() {
    lane_bells::HANDSHAKE.model().random(1_000);
    lane_bells::HANDSHAKE.model().pct(3, 1_000);
}

#[test]
fn a_sleep_without_a_look_is_found() {
    lane_bells::NO_LOOK
        .model()
        .must_fail("deadlock")
        .random(10_000);
}

#[test]
fn a_bell_read_after_the_wish_is_found() {
    lane_bells::LATE_BELL
        .model()
        .must_fail("deadlock")
        .random(10_000);
}

#[test]
fn both_wishes() {
    lane_bells::BOTH_WISHES.model().random(1_000);
    lane_bells::BOTH_WISHES.model().pct(3, 1_000);
}
