use raddle_verify::scenarios::cell;

#[test]
fn run_drop() {
    cell::RUN_DROP.model().min_executions(8).check();
}

#[test]
fn cancel_drop() {
    cell::CANCEL_DROP.model().min_executions(30).check();
}

#[test]
fn help() {
    cell::HELP.model().min_executions(80).check();
}

#[test]
fn helping_wait() {
    cell::HELPING_WAIT.model().min_executions(300).check();
}

#[test]
fn taken_then_dropped() {
    cell::TAKEN_THEN_DROPPED
        .model()
        .min_executions(90_000)
        .check();
}

#[test]
fn unseen() {
    cell::UNSEEN.model().min_executions(8).check();
}

#[test]
fn seen() {
    cell::SEEN.model().min_executions(10).check();
}
