use raddle_verify::scenarios::after;

#[test]
fn alone() {
    after::ALONE.model().min_executions(10).check();
}

#[test]
fn detached() {
    after::DETACHED.model().min_executions(10).check();
}

#[test]
fn callback() {
    after::CALLBACK.model().min_executions(10).check();
}

#[test]
fn cancel() {
    after::CANCEL.model().min_executions(10).check();
}

#[test]
fn cancel_cancel() {
    after::CANCEL_CANCEL.model().min_executions(10).check();
}

#[test]
fn fail() {
    after::FAIL.model().min_executions(10).check();
}

#[test]
fn helped() {
    after::HELPED.model().min_executions(10).check();
}
