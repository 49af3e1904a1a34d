use raddle_verify::scenarios::lane_claim;

#[test]
fn revoke() {
    lane_claim::REVOKE.model().random(1_000);
    lane_claim::REVOKE.model().pct(3, 1_000);
}

#[test]
fn revoke_twice() {
    lane_claim::REVOKE_TWICE.model().random(1_000);
    lane_claim::REVOKE_TWICE.model().pct(3, 1_000);
}

#[test]
fn revoke_second() {
    lane_claim::REVOKE_SECOND.model().random(1_000);
    lane_claim::REVOKE_SECOND.model().pct(3, 1_000);
}

#[test]
fn in_order() {
    lane_claim::IN_ORDER.model().random(1_000);
    lane_claim::IN_ORDER.model().pct(3, 1_000);
}

#[test]
fn asked() {
    lane_claim::ASKED.model().random(1_000);
    lane_claim::ASKED.model().pct(3, 1_000);
}

#[test]
fn revoke_reused() {
    lane_claim::REVOKE_REUSED.model().random(1_000);
    lane_claim::REVOKE_REUSED.model().pct(3, 1_000);
}
