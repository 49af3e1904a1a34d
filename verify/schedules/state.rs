use raddle_verify::scenarios::state;

#[test]
fn run_cancel() {
    state::RUN_CANCEL.model().min_executions(10).check();
}

#[test]
fn cancel_cancel() {
    state::CANCEL_CANCEL.model().min_executions(3).check();
}

#[test]
fn two_cancels() {
    state::TWO_CANCELS.model().min_executions(1_000).check();
}

#[test]
fn look() {
    state::LOOK.model().min_executions(10).check();
}

#[test]
fn cancel_twice() {
    state::CANCEL_TWICE.model().min_executions(30).check();
}
