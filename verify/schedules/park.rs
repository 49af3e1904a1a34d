use raddle_verify::scenarios::wake;

#[test]
fn result() {
    wake::RESULT.model().min_executions(400).check();
}

#[test]
fn timeout() {
    wake::TIMEOUT.model().min_executions(200).check();
}

#[test]
fn timeout_drop() {
    wake::TIMEOUT_DROP.model().min_executions(200).check();
}

#[test]
fn cancel_wakes() {
    wake::CANCEL_WAKES.model().min_executions(100).check();
}

#[test]
fn two_waiters() {
    wake::TWO_WAITERS.model().random(10_000);
    wake::TWO_WAITERS.model().pct(3, 10_000);
}

#[test]
fn behind_a_callback() {
    wake::BEHIND_A_CALLBACK.model().random(10_000);
    wake::BEHIND_A_CALLBACK.model().pct(3, 10_000);
}
