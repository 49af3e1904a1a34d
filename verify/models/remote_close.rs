use raddle_verify::scenarios::remote_close;

#[test]
fn submit() {
    remote_close::SUBMIT
        .model()
        .bound(Some(3))
        .min_executions(1_150)
        .check();
}

#[test]
fn give() {
    remote_close::GIVE
        .model()
        .bound(Some(4))
        .min_executions(300)
        .check();
}

#[test]
fn give_at_end() {
    remote_close::GIVE_AT_END
        .model()
        .bound(Some(5))
        .min_executions(720)
        .check();
}

#[test]
fn late() {
    remote_close::LATE
        .model()
        .bound(Some(3))
        .min_executions(15_800)
        .check();
}

#[test]
fn waiter() {
    remote_close::WAITER
        .model()
        .bound(Some(3))
        .min_executions(4_000)
        .check();
}

#[test]
fn wait_end() {
    remote_close::WAIT_END
        .model()
        .bound(Some(2))
        .min_executions(2_800)
        .check();
}
