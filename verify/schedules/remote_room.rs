use raddle_verify::scenarios::remote_room;

#[test]
fn skipped() {
    remote_room::SKIPPED.model().random(1_000);
    remote_room::SKIPPED.model().pct(3, 1_000);
}

#[test]
fn argument() {
    remote_room::ARGUMENT.model().random(1_000);
    remote_room::ARGUMENT.model().pct(3, 1_000);
}

#[test]
fn read() {
    remote_room::READ.model().random(1_000);
    remote_room::READ.model().pct(3, 1_000);
}

#[test]
fn returned() {
    remote_room::RETURNED.model().random(1_000);
    remote_room::RETURNED.model().pct(3, 1_000);
}

#[test]
fn drained() {
    remote_room::DRAINED.model().random(1_000);
    remote_room::DRAINED.model().pct(3, 1_000);
}
