use raddle_verify::scenarios::deque;

#[test]
fn last_item() {
    deque::LAST_ITEM.model().min_executions(150).check();
}

#[test]
fn first_item() {
    deque::FIRST_ITEM.model().min_executions(7_600).check();
}

#[test]
fn push() {
    deque::PUSH.model().min_executions(470).check();
}

#[test]
fn push_many() {
    deque::PUSH_MANY.model().min_executions(28).check();
}

#[test]
fn same_indices() {
    deque::SAME_INDICES.model().min_executions(9_600).check();
}

#[test]
fn full() {
    deque::FULL.model().min_executions(15).check();
}

#[test]
fn reuse() {
    deque::REUSE
        .model()
        .bound(Some(3))
        .min_executions(4_900)
        .check();
}

#[test]
fn two_thieves() {
    deque::TWO_THIEVES
        .model()
        .bound(Some(3))
        .min_executions(440)
        .check();
}

#[test]
fn three_takers() {
    deque::THREE_TAKERS
        .model()
        .bound(Some(3))
        .min_executions(4_500)
        .check();
}

#[test]
fn thief_of_a_thief() {
    deque::THIEF_OF_A_THIEF
        .model()
        .bound(Some(3))
        .min_executions(540)
        .check();
}

#[test]
fn look() {
    deque::LOOK.model().min_executions(250).check();
}

#[test]
fn look_many() {
    deque::LOOK_MANY.model().min_executions(250).check();
}

#[test]
fn look_loot() {
    deque::LOOK_LOOT.model().min_executions(250).check();
}
