use raddle_verify::scenarios::remote_bury;

#[test]
fn crash() {
    remote_bury::CRASH.model().random(50);
    remote_bury::CRASH.model().pct(3, 50);
}

#[test]
fn retry() {
    remote_bury::RETRY.model().random(50);
    remote_bury::RETRY.model().pct(3, 50);
}

#[test]
fn retry_cancel() {
    remote_bury::RETRY_CANCEL.model().random(100);
    remote_bury::RETRY_CANCEL.model().pct(3, 100);
}

#[test]
fn span() {
    remote_bury::SPAN.model().random(50);
    remote_bury::SPAN.model().pct(3, 50);
}

#[test]
fn span_lost() {
    remote_bury::SPAN_LOST.model().random(1_000);
    remote_bury::SPAN_LOST.model().pct(3, 1_000);
}
