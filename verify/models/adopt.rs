use raddle_verify::scenarios::adopt;

#[test]
fn queued() {
    adopt::QUEUED
        .model()
        .bound(Some(3))
        .min_executions(3_000)
        .check();
}

#[test]
fn running() {
    adopt::RUNNING
        .model()
        .bound(Some(1))
        .min_executions(25_000)
        .check();
}

#[test]
fn settling() {
    adopt::SETTLING
        .model()
        .bound(Some(3))
        .min_executions(45_000)
        .check();
}

#[test]
fn settling_closed() {
    adopt::SETTLING_CLOSED
        .model()
        .bound(Some(3))
        .min_executions(20_000)
        .check();
}

#[test]
fn cancel() {
    adopt::CANCEL
        .model()
        .bound(Some(3))
        .min_executions(40_000)
        .check();
}
