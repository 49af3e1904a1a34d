use raddle_verify::scenarios::remote_moves;

#[test]
fn cancel() {
    remote_moves::CANCEL.model().random(1_000);
    remote_moves::CANCEL.model().pct(3, 1_000);
}

#[test]
fn deadline() {
    remote_moves::DEADLINE.model().random(1_000);
    remote_moves::DEADLINE.model().pct(3, 1_000);
}

#[test]
fn deadline_begun() {
    remote_moves::DEADLINE_BEGUN.model().random(1_000);
    remote_moves::DEADLINE_BEGUN.model().pct(3, 1_000);
}

#[test]
fn deadline_waiter() {
    remote_moves::DEADLINE_WAITER.model().random(1_000);
    remote_moves::DEADLINE_WAITER.model().pct(3, 1_000);
}

#[test]
fn unneeded() {
    remote_moves::UNNEEDED.model().random(1_000);
    remote_moves::UNNEEDED.model().pct(3, 1_000);
}

#[test]
fn unneeded_beside() {
    remote_moves::UNNEEDED_BESIDE.model().random(1_000);
    remote_moves::UNNEEDED_BESIDE.model().pct(3, 1_000);
}

#[test]
fn stopped() {
    remote_moves::STOPPED.model().random(1_000);
    remote_moves::STOPPED.model().pct(3, 1_000);
}

#[test]
fn full() {
    remote_moves::FULL.model().random(1_000);
    remote_moves::FULL.model().pct(3, 1_000);
}

#[test]
fn follower() {
    remote_moves::FOLLOWER.model().random(1_000);
    remote_moves::FOLLOWER.model().pct(3, 1_000);
}
