use raddle_verify::scenarios::remote_balance;

#[test]
fn attend() {
    remote_balance::ATTEND
        .model()
        .bound(Some(1))
        .min_executions(6_300)
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
        .bound(Some(2))
        .min_executions(210)
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
