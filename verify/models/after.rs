use raddle_verify::scenarios::after;

#[test]
fn alone() {
    after::ALONE
        .model()
        .bound(Some(3))
        .min_executions(60)
        .check();
}

#[test]
fn detached() {
    after::DETACHED
        .model()
        .bound(Some(3))
        .min_executions(700)
        .check();
}

#[test]
fn callback() {
    after::CALLBACK
        .model()
        .bound(Some(3))
        .min_executions(10_000)
        .check();
}

#[test]
fn cancel() {
    after::CANCEL
        .model()
        .bound(Some(3))
        .min_executions(500)
        .check();
}

#[test]
fn cancel_cancel() {
    after::CANCEL_CANCEL
        .model()
        .bound(Some(3))
        .min_executions(600)
        .check();
}

#[test]
fn fail() {
    after::FAIL
        .model()
        .bound(Some(3))
        .min_executions(900)
        .check();
}

#[test]
fn helped() {
    after::HELPED
        .model()
        .bound(Some(3))
        .min_executions(3_000)
        .check();
}
