use raddle_verify::scenarios::set;

#[test]
fn first() {
    set::FIRST.model().random(10_000);
    set::FIRST.model().pct(3, 10_000);
}

#[test]
fn first_of_two() {
    set::FIRST_OF_TWO.model().random(10_000);
    set::FIRST_OF_TWO.model().pct(3, 10_000);
}

#[test]
fn all() {
    set::ALL.model().random(10_000);
    set::ALL.model().pct(3, 10_000);
}

#[test]
fn all_of_two() {
    set::ALL_OF_TWO.model().random(10_000);
    set::ALL_OF_TWO.model().pct(3, 10_000);
}

#[test]
fn all_after_an_error() {
    set::ALL_AFTER_AN_ERROR.model().random(10_000);
    set::ALL_AFTER_AN_ERROR.model().pct(3, 10_000);
}

#[test]
fn first_error() {
    set::FIRST_ERROR.model().random(10_000);
    set::FIRST_ERROR.model().pct(3, 10_000);
}

#[test]
fn error_of_two() {
    set::ERROR_OF_TWO.model().random(10_000);
    set::ERROR_OF_TWO.model().pct(3, 10_000);
}

#[test]
fn timeout() {
    set::TIMEOUT.model().random(10_000);
    set::TIMEOUT.model().pct(3, 10_000);
}

#[test]
fn in_order() {
    set::IN_ORDER.model().random(10_000);
    set::IN_ORDER.model().pct(3, 10_000);
}

#[test]
fn in_order_registered() {
    set::IN_ORDER_REGISTERED.model().random(10_000);
    set::IN_ORDER_REGISTERED.model().pct(3, 10_000);
}

#[test]
fn either_order() {
    set::EITHER_ORDER.model().random(10_000);
    set::EITHER_ORDER.model().pct(3, 10_000);
}

#[test]
fn after_an_error() {
    set::AFTER_AN_ERROR.model().random(10_000);
    set::AFTER_AN_ERROR.model().pct(3, 10_000);
}

#[test]
fn dropped() {
    set::DROPPED.model().random(10_000);
    set::DROPPED.model().pct(3, 10_000);
}

#[test]
fn stream() {
    set::STREAM.model().random(10_000);
    set::STREAM.model().pct(3, 10_000);
}

#[test]
fn stream_repoll() {
    set::STREAM_REPOLL.model().random(10_000);
    set::STREAM_REPOLL.model().pct(3, 10_000);
}

#[test]
fn poll_then_block() {
    set::POLL_THEN_BLOCK.model().random(10_000);
    set::POLL_THEN_BLOCK.model().pct(3, 10_000);
}
