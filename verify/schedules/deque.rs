use raddle_verify::{Scenario, scenarios::deque};

/// Too large for an exhaustive search.
fn sample(scenario: &Scenario) {
    scenario.model().random(2_000);
    scenario.model().pct(3, 2_000);
}

#[test]
fn last_item() {
    deque::LAST_ITEM.model().min_executions(47).check();
}

#[test]
fn first_item() {
    deque::FIRST_ITEM.model().min_executions(840).check();
}

#[test]
fn push() {
    deque::PUSH.model().min_executions(230).check();
}

#[test]
fn push_many() {
    deque::PUSH_MANY.model().min_executions(18).check();
}

#[test]
fn same_indices() {
    deque::SAME_INDICES.model().min_executions(220).check();
}

#[test]
fn full() {
    deque::FULL.model().min_executions(56).check();
}

#[test]
fn reuse() {
    sample(&deque::REUSE);
}

#[test]
fn two_thieves() {
    sample(&deque::TWO_THIEVES);
}

#[test]
fn three_takers() {
    sample(&deque::THREE_TAKERS);
}

#[test]
fn thief_of_a_thief() {
    deque::THIEF_OF_A_THIEF
        .model()
        .min_executions(3_100)
        .check();
}

#[test]
fn look() {
    deque::LOOK.model().min_executions(18).check();
}

#[test]
fn look_many() {
    deque::LOOK_MANY.model().min_executions(18).check();
}

#[test]
fn look_loot() {
    deque::LOOK_LOOT.model().min_executions(250).check();
}
