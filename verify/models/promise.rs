use raddle_verify::scenarios::promise;

#[test]
fn complete_cancel() {
    promise::COMPLETE_CANCEL.model().min_executions(100).check();
}

#[test]
fn complete_drop() {
    promise::COMPLETE_DROP.model().min_executions(300).check();
}

#[test]
fn fail_cancel() {
    promise::FAIL_CANCEL.model().min_executions(100).check();
}

#[test]
fn start_cancel() {
    promise::START_CANCEL.model().min_executions(400).check();
}

#[test]
fn abandon() {
    promise::ABANDON
        .model()
        .bound(Some(3))
        .min_executions(400)
        .check();
}

#[test]
fn asked() {
    promise::ASKED.model().min_executions(15).check();
}
