use raddle_verify::{Scenario, scenarios::idle};

/// Too large for an exhaustive search, or endless: who spins can be scheduled for ever.
fn sample(scenario: &Scenario) {
    scenario.model().random(2_000);
    scenario.model().pct(3, 2_000);
}

#[test]
fn one() {
    sample(&idle::ONE);
}

#[test]
fn searching() {
    sample(&idle::SEARCHING);
}

#[test]
fn inbox() {
    sample(&idle::INBOX);
}

#[test]
fn twice() {
    sample(&idle::TWICE);
}

#[test]
fn two_workers() {
    sample(&idle::TWO_WORKERS);
}

#[test]
fn last_searcher() {
    sample(&idle::LAST_SEARCHER);
}

#[test]
fn both_ways() {
    sample(&idle::BOTH_WAYS);
}

#[test]
fn up_in_the_stack() {
    sample(&idle::UP_IN_THE_STACK);
}

#[test]
fn two_wakers() {
    idle::TWO_WAKERS.model().min_executions(32_000).check();
}

#[test]
fn stack() {
    sample(&idle::STACK);
}

#[test]
fn busy_neighbour() {
    sample(&idle::BUSY_NEIGHBOUR);
}

#[test]
fn woken_neighbour() {
    sample(&idle::WOKEN_NEIGHBOUR);
}

#[test]
fn a_sleep_without_a_look_is_found() {
    idle::NO_LOOK.model().must_fail("deadlock").check();
}

#[test]
fn a_last_searcher_that_does_not_look_is_found() {
    idle::NO_SECOND_LOOK.model().must_fail("deadlock").check();
}
