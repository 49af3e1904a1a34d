use raddle_verify::scenarios::remote_balance;

#[test]
fn attend() {
    remote_balance::ATTEND.model().random(1_000);
    remote_balance::ATTEND.model().pct(3, 1_000);
}

#[test]
fn both() {
    remote_balance::BOTH.model().random(1_000);
    remote_balance::BOTH.model().pct(3, 1_000);
}

#[test]
fn cancel() {
    remote_balance::CANCEL.model().random(1_000);
    remote_balance::CANCEL.model().pct(3, 1_000);
}

#[test]
fn mark() {
    remote_balance::MARK.model().random(1_000);
    remote_balance::MARK.model().pct(3, 1_000);
}

#[test]
fn stuck() {
    remote_balance::STUCK.model().random(1_000);
    remote_balance::STUCK.model().pct(3, 1_000);
}

#[test]
fn orphans() {
    remote_balance::ORPHANS.model().random(1_000);
    remote_balance::ORPHANS.model().pct(3, 1_000);
}

#[test]
fn mark_orphans() {
    remote_balance::MARK_ORPHANS.model().random(1_000);
    remote_balance::MARK_ORPHANS.model().pct(3, 1_000);
}

#[test]
fn submit() {
    remote_balance::SUBMIT.model().random(1_000);
    remote_balance::SUBMIT.model().pct(3, 1_000);
}

#[test]
fn alone() {
    remote_balance::ALONE.model().random(1_000);
    remote_balance::ALONE.model().pct(3, 1_000);
}

#[test]
fn alone_callback() {
    remote_balance::ALONE_CALLBACK.model().random(1_000);
    remote_balance::ALONE_CALLBACK.model().pct(3, 1_000);
}

#[test]
fn both_ways() {
    remote_balance::BOTH_WAYS.model().random(1_000);
    remote_balance::BOTH_WAYS.model().pct(3, 1_000);
}
