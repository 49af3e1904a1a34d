use raddle_verify::{Scenario, scenarios::inbox};

/// Too large for an exhaustive search, or endless: who spins can be scheduled for ever.
fn sample(scenario: &Scenario) {
    scenario.model().random(2_000);
    scenario.model().pct(3, 2_000);
}

#[test]
fn two_pushers() {
    sample(&inbox::TWO_PUSHERS);
}

#[test]
fn block_end() {
    sample(&inbox::BLOCK_END);
}

#[test]
fn push_pop() {
    sample(&inbox::PUSH_POP);
}

#[test]
fn two_poppers() {
    sample(&inbox::TWO_POPPERS);
}

#[test]
fn recycled() {
    sample(&inbox::RECYCLED);
}

#[test]
fn pusher_and_two_poppers() {
    sample(&inbox::THREE);
}

#[test]
fn turned() {
    sample(&inbox::TURNED);
}

#[test]
fn close() {
    sample(&inbox::CLOSE);
}

#[test]
fn look() {
    inbox::LOOK.model().min_executions(250).check();
}

#[test]
fn stream() {
    sample(&inbox::STREAM);
}

#[test]
fn many_and_one() {
    sample(&inbox::MANY_AND_ONE);
}

#[test]
fn many_pop() {
    sample(&inbox::MANY_POP);
}

#[test]
fn many_close() {
    sample(&inbox::MANY_CLOSE);
}

#[test]
fn many_look() {
    sample(&inbox::MANY_LOOK);
}
