use raddle_verify::scenarios::remote_ready;

#[test]
fn failed() {
    remote_ready::FAILED.model().random(1_000);
    remote_ready::FAILED.model().pct(3, 1_000);
}

#[test]
fn answered() {
    remote_ready::ANSWERED.model().random(1_000);
    remote_ready::ANSWERED.model().pct(3, 1_000);
}

#[test]
fn told() {
    remote_ready::TOLD.model().random(1_000);
    remote_ready::TOLD.model().pct(3, 1_000);
}
