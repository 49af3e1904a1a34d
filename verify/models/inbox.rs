use raddle_verify::scenarios::inbox;

#[test]
fn two_pushers() {
    inbox::TWO_PUSHERS
        .model()
        .bound(Some(3))
        .min_executions(6_400)
        .check();
}

#[test]
fn block_end() {
    inbox::BLOCK_END
        .model()
        .bound(Some(3))
        .min_executions(620)
        .check();
}

#[test]
fn push_pop() {
    inbox::PUSH_POP
        .model()
        .bound(Some(3))
        .min_executions(31_000)
        .check();
}

#[test]
fn two_poppers() {
    inbox::TWO_POPPERS
        .model()
        .bound(Some(3))
        .min_executions(1_100)
        .check();
}

#[test]
fn recycled() {
    inbox::RECYCLED
        .model()
        .bound(Some(2))
        .min_executions(12_000)
        .check();
}

#[test]
fn pusher_and_two_poppers() {
    inbox::THREE
        .model()
        .bound(Some(2))
        .min_executions(23_000)
        .check();
}

#[test]
fn turned() {
    inbox::TURNED
        .model()
        .bound(Some(2))
        .min_executions(30_000)
        .check();
}

#[test]
fn close() {
    inbox::CLOSE
        .model()
        .bound(Some(3))
        .min_executions(840)
        .check();
}

#[test]
fn look() {
    inbox::LOOK
        .model()
        .bound(Some(3))
        .min_executions(110)
        .check();
}

#[test]
fn stream() {
    inbox::STREAM
        .model()
        .bound(Some(3))
        .min_executions(9_800)
        .check();
}

#[test]
fn a_look_without_a_write_is_found() {
    inbox::LENGTH_IS_NO_LOOK
        .model()
        .must_fail("neither saw")
        .check();
}

#[test]
fn many_and_one() {
    inbox::MANY_AND_ONE
        .model()
        .bound(Some(3))
        .min_executions(8_500)
        .check();
}

#[test]
fn many_pop() {
    inbox::MANY_POP
        .model()
        .bound(Some(3))
        .min_executions(43_000)
        .check();
}

#[test]
fn many_close() {
    inbox::MANY_CLOSE
        .model()
        .bound(Some(3))
        .min_executions(2_300)
        .check();
}

#[test]
fn many_look() {
    inbox::MANY_LOOK
        .model()
        .bound(Some(3))
        .min_executions(120)
        .check();
}
