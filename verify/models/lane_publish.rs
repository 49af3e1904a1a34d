use raddle_verify::scenarios::lane_publish;

#[test]
fn one() {
    lane_publish::ONE.model().min_executions(5_000).check();
}

#[test]
fn two_producers() {
    lane_publish::TWO_PRODUCERS
        .model()
        .bound(Some(2))
        .min_executions(6_000)
        .check();
}

#[test]
fn lap() {
    lane_publish::LAP
        .model()
        .bound(Some(2))
        .min_executions(19_000)
        .check();
}

#[test]
fn freed_slot() {
    lane_publish::FREED_SLOT.model().min_executions(10).check();
}

#[test]
fn spans() {
    lane_publish::SPANS
        .model()
        .bound(Some(2))
        .min_executions(2_700)
        .check();
}

#[test]
fn freed_records() {
    lane_publish::FREED_RECORDS
        .model()
        .bound(Some(2))
        .min_executions(5_500)
        .check();
}
