use raddle_verify::scenarios::lane_publish;

#[test]
fn one() {
    lane_publish::ONE.model().random(1_000);
    lane_publish::ONE.model().pct(3, 1_000);
}

#[test]
fn two_producers() {
    lane_publish::TWO_PRODUCERS.model().random(1_000);
    lane_publish::TWO_PRODUCERS.model().pct(3, 1_000);
}

#[test]
fn lap() {
    lane_publish::LAP.model().random(1_000);
    lane_publish::LAP.model().pct(3, 1_000);
}

#[test]
fn freed_slot() {
    lane_publish::FREED_SLOT.model().random(1_000);
    lane_publish::FREED_SLOT.model().pct(3, 1_000);
}

#[test]
fn spans() {
    lane_publish::SPANS.model().random(1_000);
    lane_publish::SPANS.model().pct(3, 1_000);
}

#[test]
fn freed_records() {
    lane_publish::FREED_RECORDS.model().random(1_000);
    lane_publish::FREED_RECORDS.model().pct(3, 1_000);
}
