use raddle_verify::{Scenario, scenarios::limit};

/// Too large for an exhaustive search.
fn sample(scenario: &Scenario) {
    scenario.model().random(2_000);
    scenario.model().pct(3, 2_000);
}

#[test]
fn give() {
    limit::GIVE.model().min_executions(36).check();
}

#[test]
fn two_takers() {
    limit::TWO_TAKERS.model().min_executions(3_800).check();
}

#[test]
fn two_sleepers() {
    sample(&limit::TWO_SLEEPERS);
}

#[test]
fn close() {
    limit::CLOSE.model().min_executions(13).check();
}

#[test]
fn close_two() {
    sample(&limit::CLOSE_TWO);
}

#[test]
fn give_or_close() {
    limit::GIVE_OR_CLOSE.model().min_executions(16_000).check();
}
