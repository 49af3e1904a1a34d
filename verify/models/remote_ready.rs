use raddle_verify::scenarios::remote_ready;

#[test]
fn failed() {
    remote_ready::FAILED
        .model()
        .bound(Some(2))
        .min_executions(119_000)
        .check();
}

#[test]
fn answered() {
    remote_ready::ANSWERED
        .model()
        .bound(Some(1))
        .min_executions(4_300)
        .check();
}

#[test]
fn told() {
    remote_ready::TOLD
        .model()
        .bound(Some(3))
        .min_executions(3_400)
        .check();
}
