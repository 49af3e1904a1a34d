use raddle_verify::scenarios::remote_close;

#[test]
fn submit() {
    remote_close::SUBMIT.model().random(1_000);
    remote_close::SUBMIT.model().pct(3, 1_000);
}

#[test]
fn give() {
    remote_close::GIVE.model().random(1_000);
    remote_close::GIVE.model().pct(3, 1_000);
}

#[test]
fn give_at_end() {
    remote_close::GIVE_AT_END.model().random(1_000);
    remote_close::GIVE_AT_END.model().pct(3, 1_000);
}

#[test]
fn late() {
    remote_close::LATE.model().random(1_000);
    remote_close::LATE.model().pct(3, 1_000);
}

#[test]
fn waiter() {
    remote_close::WAITER.model().random(1_000);
    remote_close::WAITER.model().pct(3, 1_000);
}

#[test]
fn wait_end() {
    remote_close::WAIT_END.model().random(1_000);
    remote_close::WAIT_END.model().pct(3, 1_000);
}
