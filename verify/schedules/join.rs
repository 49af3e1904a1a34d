use raddle_verify::{Scenario, scenarios::join};

/// Endless: who spins can be scheduled for ever.
fn sample(scenario: &Scenario) {
    scenario.model().random(2_000);
    scenario.model().pct(3, 2_000);
}

#[test]
fn race() {
    join::RACE.model().min_executions(23).check();
}

#[test]
fn two_thieves() {
    join::TWO_THIEVES.model().min_executions(7_500).check();
}

#[test]
fn same_place() {
    join::SAME_PLACE.model().min_executions(94).check();
}

#[test]
fn an_owner_that_does_not_wait_is_found() {
    join::NO_WAIT
        .model()
        .must_fail("before the half was done")
        .check();
}

#[test]
fn guests() {
    join::GUESTS.model().min_executions(11_000).check();
}

#[test]
fn a_guest_that_takes_back_anybodys_half_is_found() {
    join::ANYBODYS
        .model()
        .must_fail("took another guest's half")
        .check();
}

#[test]
fn sleeper() {
    sample(&join::SLEEPER);
}

#[test]
fn sleeping_neighbour() {
    sample(&join::SLEEPING_NEIGHBOUR);
}

#[test]
fn a_worker_that_does_not_look_is_found() {
    join::NO_LOOK.model().must_fail("deadlock").random(2_000);
}
