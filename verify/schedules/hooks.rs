use raddle_verify::scenarios::hooks;

#[test]
fn add() {
    hooks::ADD.model().min_executions(10_000).check();
}

#[test]
fn add_take() {
    hooks::ADD_TAKE.model().min_executions(50_000).check();
}

#[test]
fn order() {
    hooks::ORDER.model().random(10_000);
    hooks::ORDER.model().pct(3, 10_000);
}

#[test]
fn add_to_failing() {
    hooks::ADD_TO_FAILING.model().min_executions(30_000).check();
}

#[test]
fn add_cancel() {
    hooks::ADD_CANCEL.model().min_executions(40).check();
}

#[test]
fn two_adders() {
    hooks::TWO_ADDERS.model().random(10_000);
    hooks::TWO_ADDERS.model().pct(3, 10_000);
}

#[test]
fn edit() {
    hooks::EDIT.model().min_executions(3_000).check();
}

#[test]
fn edit_push() {
    hooks::EDIT_PUSH.model().random(10_000);
    hooks::EDIT_PUSH.model().pct(3, 10_000);
}

#[test]
fn edit_move() {
    hooks::EDIT_MOVE.model().random(10_000);
    hooks::EDIT_MOVE.model().pct(3, 10_000);
}

#[test]
fn add_poll() {
    hooks::ADD_POLL.model().random(10_000);
    hooks::ADD_POLL.model().pct(3, 10_000);
}

#[test]
fn poll() {
    hooks::POLL.model().min_executions(10_000).check();
}

#[test]
fn repoll() {
    hooks::REPOLL.model().random(10_000);
    hooks::REPOLL.model().pct(3, 10_000);
}

#[test]
fn poll_drop() {
    hooks::POLL_DROP.model().min_executions(90_000).check();
}

#[test]
fn two_pollers() {
    hooks::TWO_POLLERS.model().random(10_000);
    hooks::TWO_POLLERS.model().pct(3, 10_000);
}

#[test]
fn two_repollers() {
    hooks::TWO_REPOLLERS.model().random(10_000);
    hooks::TWO_REPOLLERS.model().pct(3, 10_000);
}
