use raddle_verify::scenarios::remote_room;

#[test]
fn skipped() {
    remote_room::SKIPPED
        .model()
        .bound(Some(1))
        .min_executions(640)
        .check();
}

#[test]
fn argument() {
    remote_room::ARGUMENT
        .model()
        .bound(Some(4))
        .min_executions(1_000)
        .check();
}

#[test]
fn read() {
    remote_room::READ
        .model()
        .bound(Some(2))
        .min_executions(1_050)
        .check();
}

#[test]
fn returned() {
    remote_room::RETURNED
        .model()
        .bound(Some(2))
        .min_executions(1_000)
        .check();
}

#[test]
fn drained() {
    remote_room::DRAINED
        .model()
        .bound(Some(3))
        .min_executions(140)
        .check();
}
