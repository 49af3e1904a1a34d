use raddle_verify::scenarios::adopt;

#[test]
fn queued() {
    adopt::QUEUED.model().min_executions(4_000).check();
}

#[test]
fn running() {
    adopt::RUNNING.model().random(10_000);
    adopt::RUNNING.model().pct(3, 10_000);
}

#[test]
fn settling() {
    adopt::SETTLING.model().random(10_000);
    adopt::SETTLING.model().pct(3, 10_000);
}

#[test]
fn settling_closed() {
    adopt::SETTLING_CLOSED.model().random(10_000);
    adopt::SETTLING_CLOSED.model().pct(3, 10_000);
}

#[test]
fn cancel() {
    adopt::CANCEL.model().random(10_000);
    adopt::CANCEL.model().pct(3, 10_000);
}
