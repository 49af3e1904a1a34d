use raddle_verify::scenarios::remote_moves;

#[test]
fn cancel() {
    remote_moves::CANCEL
        .model()
        .bound(Some(5))
        .min_executions(100)
        .check();
}

#[test]
fn deadline() {
    remote_moves::DEADLINE
        .model()
        .bound(Some(5))
        .min_executions(300)
        .check();
}

#[test]
fn deadline_begun() {
    remote_moves::DEADLINE_BEGUN
        .model()
        .bound(Some(3))
        .min_executions(30)
        .check();
}

#[test]
fn deadline_waiter() {
    remote_moves::DEADLINE_WAITER
        .model()
        .bound(Some(3))
        .min_executions(19_000)
        .check();
}

#[test]
fn unneeded() {
    remote_moves::UNNEEDED
        .model()
        .bound(Some(3))
        .min_executions(180)
        .check();
}

#[test]
fn unneeded_beside() {
    remote_moves::UNNEEDED_BESIDE
        .model()
        .bound(Some(2))
        .min_executions(8_000)
        .check();
}

#[test]
fn stopped() {
    remote_moves::STOPPED
        .model()
        .bound(Some(2))
        .min_executions(1_800)
        .check();
}

#[test]
fn full() {
    remote_moves::FULL
        .model()
        .bound(Some(2))
        .min_executions(10)
        .check();
}

#[test]
fn follower() {
    remote_moves::FOLLOWER
        .model()
        .bound(Some(1))
        .min_executions(350)
        .check();
}
