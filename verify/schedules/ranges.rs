use raddle_verify::scenarios::ranges;

#[test]
fn two() {
    ranges::TWO.model().random(10_000);
    ranges::TWO.model().pct(3, 10_000);
}

#[test]
fn shares() {
    ranges::SHARES.model().random(10_000);
    ranges::SHARES.model().pct(3, 10_000);
}

#[test]
fn two_thieves() {
    ranges::TWO_THIEVES.model().random(10_000);
    ranges::TWO_THIEVES.model().pct(3, 10_000);
}

#[test]
fn clear() {
    ranges::CLEAR.model().min_executions(65).check();
}

#[test]
fn a_thief_that_does_not_exchange_is_found() {
    ranges::NO_EXCHANGE
        .model()
        .must_fail("each item once")
        .check();
}
