use raddle_verify::scenarios::wake;

#[test]
fn result() {
    wake::RESULT
        .model()
        .bound(Some(3))
        .min_executions(300)
        .check();
}

#[test]
fn timeout() {
    wake::TIMEOUT
        .model()
        .bound(Some(3))
        .min_executions(500)
        .check();
}

#[test]
fn timeout_drop() {
    wake::TIMEOUT_DROP
        .model()
        .bound(Some(3))
        .min_executions(400)
        .check();
}

#[test]
fn cancel_wakes() {
    wake::CANCEL_WAKES
        .model()
        .bound(Some(3))
        .min_executions(100)
        .check();
}

#[test]
fn two_waiters() {
    wake::TWO_WAITERS
        .model()
        .bound(Some(2))
        .min_executions(5_000)
        .check();
}

#[test]
fn behind_a_callback() {
    wake::BEHIND_A_CALLBACK
        .model()
        .bound(Some(3))
        .min_executions(1_000)
        .check();
}
