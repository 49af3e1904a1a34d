use raddle_verify::scenarios::after;

#[test]
fn alone() {
    after::ALONE.model().min_executions(20).check();
}

#[test]
fn detached() {
    after::DETACHED.model().min_executions(600).check();
}

#[test]
fn callback() {
    after::CALLBACK.model().random(10_000);
    after::CALLBACK.model().pct(3, 10_000);
}

#[test]
fn cancel() {
    after::CANCEL.model().min_executions(600).check();
}

#[test]
fn cancel_cancel() {
    after::CANCEL_CANCEL.model().min_executions(300).check();
}

#[test]
fn fail() {
    after::FAIL.model().min_executions(400).check();
}

#[test]
fn helped() {
    after::HELPED.model().min_executions(4_000).check();
}
