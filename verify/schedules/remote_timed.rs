use raddle_verify::scenarios::remote_timed;

#[test]
fn leader() {
    remote_timed::LEADER.model().random(1_000);
    remote_timed::LEADER.model().pct(3, 1_000);
}

#[test]
fn follower() {
    remote_timed::FOLLOWER.model().random(1_000);
    remote_timed::FOLLOWER.model().pct(3, 1_000);
}

#[test]
fn give_up() {
    remote_timed::GIVE_UP.model().random(1_000);
    remote_timed::GIVE_UP.model().pct(3, 1_000);
}

#[test]
fn passed() {
    remote_timed::PASSED.model().random(1_000);
    remote_timed::PASSED.model().pct(3, 1_000);
}
