use raddle_verify::scenarios::lane_recovery;

#[test]
fn crash() {
    lane_recovery::CRASH.model().random(1_000);
    lane_recovery::CRASH.model().pct(3, 1_000);
}

#[test]
fn crash_revoke() {
    lane_recovery::CRASH_REVOKE.model().random(1_000);
    lane_recovery::CRASH_REVOKE.model().pct(3, 1_000);
}

#[test]
fn crash_waiter() {
    lane_recovery::CRASH_WAITER.model().random(1_000);
    lane_recovery::CRASH_WAITER.model().pct(3, 1_000);
}

#[test]
fn crash_asleep() {
    lane_recovery::CRASH_ASLEEP.model().random(1_000);
    lane_recovery::CRASH_ASLEEP.model().pct(3, 1_000);
}

#[test]
fn crash_span() {
    lane_recovery::CRASH_SPAN.model().random(100);
    lane_recovery::CRASH_SPAN.model().pct(3, 100);
}

#[test]
fn submit_meanwhile() {
    lane_recovery::SUBMIT_MEANWHILE.model().random(1_000);
    lane_recovery::SUBMIT_MEANWHILE.model().pct(3, 1_000);
}

#[test]
fn handover() {
    lane_recovery::HANDOVER.model().random(1_000);
    lane_recovery::HANDOVER.model().pct(3, 1_000);
}
