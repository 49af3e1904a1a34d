use raddle_verify::scenarios::remote_batch;

#[test]
fn callback() {
    remote_batch::CALLBACK.model().random(1_000);
    remote_batch::CALLBACK.model().pct(3, 1_000);
}

#[test]
fn late_callback() {
    remote_batch::LATE_CALLBACK.model().random(1_000);
    remote_batch::LATE_CALLBACK.model().pct(3, 1_000);
}

#[test]
fn late_callback_told() {
    remote_batch::LATE_CALLBACK_TOLD.model().random(1_000);
    remote_batch::LATE_CALLBACK_TOLD.model().pct(3, 1_000);
}
