use raddle_verify::scenarios::lane_recovery;

#[test]
fn crash() {
    lane_recovery::CRASH
        .model()
        .bound(Some(3))
        .min_executions(500)
        .check();
}

#[test]
fn crash_revoke() {
    lane_recovery::CRASH_REVOKE
        .model()
        .bound(Some(3))
        .min_executions(30)
        .check();
}

#[test]
fn crash_waiter() {
    lane_recovery::CRASH_WAITER
        .model()
        .bound(Some(2))
        .min_executions(1_000)
        .check();
}

#[test]
fn crash_asleep() {
    lane_recovery::CRASH_ASLEEP
        .model()
        .bound(Some(3))
        .min_executions(2_000)
        .check();
}

#[test]
fn crash_span() {
    lane_recovery::CRASH_SPAN
        .model()
        .bound(Some(3))
        .min_executions(30)
        .check();
}

#[test]
fn submit_meanwhile() {
    lane_recovery::SUBMIT_MEANWHILE
        .model()
        .bound(Some(3))
        .min_executions(3_000)
        .check();
}

#[test]
fn handover() {
    lane_recovery::HANDOVER
        .model()
        .bound(Some(3))
        .min_executions(9_000)
        .check();
}
