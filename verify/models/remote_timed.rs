use raddle_verify::scenarios::remote_timed;

#[test]
fn leader() {
    remote_timed::LEADER
        .model()
        .bound(Some(2))
        .min_executions(100)
        .check();
}

#[test]
fn follower() {
    remote_timed::FOLLOWER
        .model()
        .bound(Some(1))
        .min_executions(10_000)
        .check();
}

#[test]
fn give_up() {
    remote_timed::GIVE_UP
        .model()
        .bound(Some(2))
        .min_executions(100)
        .check();
}

#[test]
fn passed() {
    remote_timed::PASSED
        .model()
        .bound(Some(2))
        .min_executions(500)
        .check();
}
