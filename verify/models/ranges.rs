use raddle_verify::scenarios::ranges;

#[test]
fn two() {
    ranges::TWO
        .model()
        .bound(Some(3))
        .min_executions(8_000)
        .check();
}

#[test]
fn shares() {
    ranges::SHARES
        .model()
        .bound(Some(3))
        .min_executions(12_000)
        .check();
}

#[test]
fn two_thieves() {
    ranges::TWO_THIEVES
        .model()
        .bound(Some(3))
        .min_executions(100_000)
        .check();
}

#[test]
fn clear() {
    ranges::CLEAR.model().min_executions(26_000).check();
}

#[test]
fn a_thief_that_does_not_exchange_is_found() {
    ranges::NO_EXCHANGE
        .model()
        .must_fail("each item once")
        .check();
}
