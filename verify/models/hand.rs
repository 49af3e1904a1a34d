use raddle_verify::scenarios::hand;

#[test]
fn offer() {
    hand::OFFER.model().min_executions(25).check();
}

#[test]
fn steal() {
    hand::STEAL
        .model()
        .bound(Some(3))
        .min_executions(1_100)
        .check();
}

#[test]
fn again() {
    hand::AGAIN.model().min_executions(15_000).check();
}

#[test]
fn two_offers() {
    hand::TWO_OFFERS
        .model()
        .bound(Some(3))
        .min_executions(1_500)
        .check();
}
