use raddle_verify::scenarios::remote;

#[test]
fn lead() {
    remote::LEAD
        .model()
        .bound(Some(2))
        .min_executions(35_000)
        .check();
}

#[test]
fn follow() {
    remote::FOLLOW
        .model()
        .bound(Some(1))
        .min_executions(6_000)
        .check();
}

#[test]
fn a_leader_that_leaves_in_silence_is_found() {
    remote::NO_LEADER
        .model()
        .bound(Some(2))
        .must_fail("deadlock")
        .check();
}

#[test]
fn callback_waits() {
    remote::CALLBACK_WAITS
        .model()
        .bound(Some(1))
        .min_executions(7_500)
        .check();
}

#[test]
fn room() {
    remote::ROOM
        .model()
        .bound(Some(4))
        .min_executions(1_850)
        .check();
}

#[test]
fn room_follow() {
    remote::ROOM_FOLLOW
        .model()
        .bound(Some(1))
        .min_executions(1_990)
        .check();
}

#[test]
fn engage() {
    remote::ENGAGE
        .model()
        .bound(Some(2))
        .min_executions(16_000)
        .check();
}

#[test]
fn disengage() {
    remote::DISENGAGE
        .model()
        .bound(Some(2))
        .min_executions(78_000)
        .check();
}

#[test]
fn cancel() {
    remote::CANCEL
        .model()
        .bound(Some(2))
        .min_executions(480)
        .check();
}

#[test]
fn cancel_waiter() {
    remote::CANCEL_WAITER
        .model()
        .bound(Some(3))
        .min_executions(5_000)
        .check();
}

#[test]
fn dropped() {
    remote::DROP
        .model()
        .bound(Some(2))
        .min_executions(8_000)
        .check();
}

#[test]
fn attended() {
    remote::REMOTE_WAITER
        .model()
        .bound(Some(2))
        .min_executions(500)
        .check();
}

#[test]
fn moved() {
    remote::MOVE
        .model()
        .bound(Some(2))
        .min_executions(1_000)
        .check();
}

#[test]
fn move_cancel() {
    remote::MOVE_CANCEL
        .model()
        .bound(Some(3))
        .min_executions(400)
        .check();
}

#[test]
fn move_engage() {
    remote::MOVE_ENGAGE
        .model()
        .bound(Some(3))
        .min_executions(150)
        .check();
}

#[test]
fn an_engagement_without_its_fence_is_found() {
    remote::NO_ENGAGE_FENCE
        .model()
        .bound(Some(2))
        .must_fail("does not listen")
        .check();
}

#[test]
fn set() {
    remote::SET
        .model()
        .bound(Some(2))
        .min_executions(36_000)
        .check();
}

#[test]
fn end() {
    remote::END
        .model()
        .bound(Some(3))
        .min_executions(900)
        .check();
}

#[test]
fn an_answer_that_is_taken_in_silence_is_found() {
    remote::NO_RING
        .model()
        .bound(Some(3))
        .must_fail("deadlock")
        .check();
}
