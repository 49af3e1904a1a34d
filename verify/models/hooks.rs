use raddle_verify::scenarios::hooks;

#[test]
fn add() {
    hooks::ADD
        .model()
        .bound(Some(3))
        .min_executions(8_000)
        .check();
}

#[test]
fn add_take() {
    hooks::ADD_TAKE
        .model()
        .bound(Some(3))
        .min_executions(10_000)
        .check();
}

#[test]
fn order() {
    hooks::ORDER
        .model()
        .bound(Some(3))
        .min_executions(30_000)
        .check();
}

#[test]
fn add_to_failing() {
    hooks::ADD_TO_FAILING
        .model()
        .bound(Some(3))
        .min_executions(10_000)
        .check();
}

#[test]
fn add_cancel() {
    hooks::ADD_CANCEL.model().min_executions(6_000).check();
}

#[test]
fn two_adders() {
    hooks::TWO_ADDERS
        .model()
        .bound(Some(2))
        .min_executions(5_000)
        .check();
}

#[test]
fn edit() {
    hooks::EDIT
        .model()
        .bound(Some(3))
        .min_executions(1_000)
        .check();
}

#[test]
fn edit_push() {
    hooks::EDIT_PUSH
        .model()
        .bound(Some(3))
        .min_executions(10_000)
        .check();
}

#[test]
fn edit_move() {
    hooks::EDIT_MOVE
        .model()
        .bound(Some(3))
        .min_executions(500)
        .check();
}

#[test]
fn add_poll() {
    hooks::ADD_POLL
        .model()
        .bound(Some(1))
        .min_executions(2_000)
        .check();
}

#[test]
fn poll() {
    hooks::POLL
        .model()
        .bound(Some(3))
        .min_executions(500)
        .check();
}

#[test]
fn repoll() {
    hooks::REPOLL
        .model()
        .bound(Some(3))
        .min_executions(5_000)
        .check();
}

#[test]
fn poll_drop() {
    hooks::POLL_DROP
        .model()
        .bound(Some(3))
        .min_executions(8_000)
        .check();
}

#[test]
fn two_pollers() {
    hooks::TWO_POLLERS
        .model()
        .bound(Some(1))
        .min_executions(4_000)
        .check();
}

#[test]
fn two_repollers() {
    hooks::TWO_REPOLLERS
        .model()
        .bound(Some(3))
        .min_executions(300)
        .check();
}
