use raddle_verify::scenarios::set;

#[test]
fn first() {
    set::FIRST
        .model()
        .bound(Some(3))
        .min_executions(1_000)
        .check();
}

#[test]
fn first_of_two() {
    set::FIRST_OF_TWO
        .model()
        .bound(Some(2))
        .min_executions(30_000)
        .check();
}

#[test]
fn all() {
    set::ALL
        .model()
        .bound(Some(3))
        .min_executions(8_000)
        .check();
}

#[test]
fn all_of_two() {
    set::ALL_OF_TWO
        .model()
        .bound(Some(2))
        .min_executions(5_000)
        .check();
}

#[test]
fn all_after_an_error() {
    set::ALL_AFTER_AN_ERROR
        .model()
        .bound(Some(3))
        .min_executions(600)
        .check();
}

#[test]
fn first_error() {
    set::FIRST_ERROR
        .model()
        .bound(Some(4))
        .min_executions(8_000)
        .check();
}

#[test]
fn error_of_two() {
    set::ERROR_OF_TWO
        .model()
        .bound(Some(2))
        .min_executions(20_000)
        .check();
}

#[test]
fn timeout() {
    set::TIMEOUT
        .model()
        .bound(Some(2))
        .min_executions(500)
        .check();
}

#[test]
fn in_order() {
    set::IN_ORDER
        .model()
        .bound(Some(3))
        .min_executions(10_000)
        .check();
}

#[test]
fn in_order_registered() {
    set::IN_ORDER_REGISTERED
        .model()
        .bound(Some(3))
        .min_executions(2_000)
        .check();
}

#[test]
fn either_order() {
    set::EITHER_ORDER
        .model()
        .bound(Some(2))
        .min_executions(3_000)
        .check();
}

#[test]
fn after_an_error() {
    set::AFTER_AN_ERROR
        .model()
        .bound(Some(3))
        .min_executions(200)
        .check();
}

#[test]
fn dropped() {
    set::DROPPED
        .model()
        .bound(Some(3))
        .min_executions(4_000)
        .check();
}

#[test]
fn stream() {
    set::STREAM
        .model()
        .bound(Some(3))
        .min_executions(1_000)
        .check();
}

#[test]
fn stream_repoll() {
    set::STREAM_REPOLL
        .model()
        .bound(Some(3))
        .min_executions(80)
        .check();
}

#[test]
fn poll_then_block() {
    set::POLL_THEN_BLOCK
        .model()
        .bound(Some(3))
        .min_executions(100)
        .check();
}
