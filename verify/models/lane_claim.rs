use raddle_verify::scenarios::lane_claim;

#[test]
fn revoke() {
    lane_claim::REVOKE.model().min_executions(30).check();
}

#[test]
fn revoke_twice() {
    lane_claim::REVOKE_TWICE
        .model()
        .bound(Some(3))
        .min_executions(900)
        .check();
}

#[test]
fn revoke_second() {
    lane_claim::REVOKE_SECOND
        .model()
        .bound(Some(3))
        .min_executions(58_000)
        .check();
}

#[test]
fn in_order() {
    lane_claim::IN_ORDER.model().min_executions(1_800).check();
}

#[test]
fn asked() {
    lane_claim::ASKED.model().min_executions(12).check();
}

#[test]
fn revoke_reused() {
    lane_claim::REVOKE_REUSED
        .model()
        .bound(Some(2))
        .min_executions(18_500)
        .check();
}
