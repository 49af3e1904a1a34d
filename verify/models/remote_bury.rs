use raddle_verify::scenarios::remote_bury;

#[test]
fn crash() {
    remote_bury::CRASH
        .model()
        .bound(Some(1))
        .min_executions(960)
        .check();
}

#[test]
fn retry() {
    remote_bury::RETRY
        .model()
        .bound(Some(1))
        .min_executions(800)
        .check();
}

#[test]
fn retry_cancel() {
    remote_bury::RETRY_CANCEL
        .model()
        .bound(Some(2))
        .min_executions(20)
        .check();
}

#[test]
fn span() {
    remote_bury::SPAN
        .model()
        .bound(Some(1))
        .min_executions(185)
        .check();
}

#[test]
fn span_lost() {
    remote_bury::SPAN_LOST
        .model()
        .bound(Some(1))
        .min_executions(150)
        .check();
}
