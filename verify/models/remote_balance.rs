use raddle_verify::scenarios::remote_balance;

#[test]
fn attend() {
    remote_balance::ATTEND
        .model()
        .bound(Some(1))
        .min_executions(6_100)
        .check();
}

#[test]
fn both() {
    remote_balance::BOTH
        .model()
        .bound(Some(2))
        .min_executions(5_900)
        .check();
}

#[test]
fn cancel() {
    remote_balance::CANCEL
        .model()
        .bound(Some(3))
        .min_executions(500)
        .check();
}

#[test]
fn mark() {
    remote_balance::MARK
        .model()
        .bound(Some(2))
        .min_executions(4_800)
        .check();
}

#[test]
fn stuck() {
    remote_balance::STUCK
        .model()
        .bound(Some(3))
        .min_executions(190)
        .check();
}

#[test]
fn orphans() {
    remote_balance::ORPHANS
        .model()
        .bound(Some(3))
        .min_executions(1_600)
        .check();
}

#[test]
fn mark_orphans() {
    remote_balance::MARK_ORPHANS
        .model()
        .bound(Some(3))
        .min_executions(1_500)
        .check();
}

#[test]
fn submit() {
    remote_balance::SUBMIT
        .model()
        .bound(Some(2))
        .min_executions(100)
        .check();
}

#[test]
fn alone() {
    remote_balance::ALONE
        .model()
        .bound(Some(2))
        .min_executions(280)
        .check();
}

#[test]
fn alone_callback() {
    remote_balance::ALONE_CALLBACK
        .model()
        .bound(Some(2))
        .min_executions(4_500)
        .check();
}

#[test]
fn both_ways() {
    remote_balance::BOTH_WAYS
        .model()
        .bound(Some(3))
        .min_executions(20)
        .check();
}
