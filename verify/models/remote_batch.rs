use raddle_verify::scenarios::remote_batch;

#[test]
fn callback() {
    remote_batch::CALLBACK
        .model()
        .bound(Some(2))
        .min_executions(1_400)
        .check();
}

#[test]
fn late_callback() {
    remote_batch::LATE_CALLBACK
        .model()
        .bound(Some(2))
        .min_executions(730)
        .check();
}

#[test]
fn late_callback_told() {
    remote_batch::LATE_CALLBACK_TOLD
        .model()
        .bound(Some(1))
        .min_executions(2_600)
        .check();
}
