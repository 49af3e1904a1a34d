use raddle_verify::scenarios::lane_claim;

#[test]
fn revoke() {
    lane_claim::REVOKE
        .model()
        .bound(Some(2))
        .min_executions(2)
        .check();
}

#[test]
fn revoke_twice() {
    lane_claim::REVOKE_TWICE
        .model()
        .bound(Some(2))
        .min_executions(2)
        .check();
}

#[test]
fn revoke_second() {
    lane_claim::REVOKE_SECOND
        .model()
        .bound(Some(2))
        .min_executions(2)
        .check();
}

#[test]
fn asked() {
    lane_claim::ASKED
        .model()
        .bound(Some(2))
        .min_executions(2)
        .check();
}
