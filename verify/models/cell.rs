use raddle_verify::scenarios::cell;

#[test]
fn run_drop() {
    cell::RUN_DROP.model().min_executions(200).check();
}

#[test]
fn cancel_drop() {
    cell::CANCEL_DROP.model().min_executions(4_000).check();
}

#[test]
fn help() {
    cell::HELP
        .model()
        .bound(Some(3))
        .min_executions(500)
        .check();
}

#[test]
fn helping_wait() {
    cell::HELPING_WAIT
        .model()
        .bound(Some(3))
        .min_executions(800)
        .check();
}

#[test]
fn taken_then_dropped() {
    cell::TAKEN_THEN_DROPPED
        .model()
        .bound(Some(3))
        .min_executions(8_000)
        .check();
}

#[test]
fn unseen() {
    cell::UNSEEN.model().min_executions(200).check();
}

#[test]
fn seen() {
    cell::SEEN.model().min_executions(1_000).check();
}
