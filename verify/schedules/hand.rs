use raddle_verify::scenarios::hand;

#[test]
fn offer() {
    hand::OFFER.model().min_executions(3).check();
}

#[test]
fn steal() {
    hand::STEAL.model().min_executions(140).check();
}

#[test]
fn again() {
    hand::AGAIN.model().min_executions(65).check();
}

#[test]
fn two_offers() {
    hand::TWO_OFFERS.model().min_executions(190).check();
}
