use raddle_verify::scenarios::remote;

#[test]
fn lead() {
    remote::LEAD.model().random(1_000);
    remote::LEAD.model().pct(3, 1_000);
}

#[test]
fn follow() {
    remote::FOLLOW.model().random(1_000);
    remote::FOLLOW.model().pct(3, 1_000);
}

#[test]
fn a_leader_that_leaves_in_silence_is_found() {
    remote::NO_LEADER
        .model()
        .must_fail("deadlock")
        .pct(2, 1_000);
}

#[test]
fn callback_waits() {
    remote::CALLBACK_WAITS.model().random(1_000);
    remote::CALLBACK_WAITS.model().pct(3, 1_000);
}

#[test]
fn room() {
    remote::ROOM.model().random(1_000);
    remote::ROOM.model().pct(3, 1_000);
}

#[test]
fn room_follow() {
    remote::ROOM_FOLLOW.model().random(1_000);
    remote::ROOM_FOLLOW.model().pct(3, 1_000);
}

#[test]
fn engage() {
    remote::ENGAGE.model().random(1_000);
    remote::ENGAGE.model().pct(3, 1_000);
}

#[test]
fn disengage() {
    remote::DISENGAGE.model().random(1_000);
    remote::DISENGAGE.model().pct(3, 1_000);
}

#[test]
fn cancel() {
    remote::CANCEL.model().random(1_000);
    remote::CANCEL.model().pct(3, 1_000);
}

#[test]
fn cancel_waiter() {
    remote::CANCEL_WAITER.model().random(1_000);
    remote::CANCEL_WAITER.model().pct(3, 1_000);
}

#[test]
fn dropped() {
    remote::DROP.model().random(1_000);
    remote::DROP.model().pct(3, 1_000);
}

#[test]
fn attended() {
    remote::REMOTE_WAITER.model().random(1_000);
    remote::REMOTE_WAITER.model().pct(3, 1_000);
}

#[test]
fn moved() {
    remote::MOVE.model().random(1_000);
    remote::MOVE.model().pct(3, 1_000);
}

#[test]
fn move_cancel() {
    remote::MOVE_CANCEL.model().random(1_000);
    remote::MOVE_CANCEL.model().pct(3, 1_000);
}

#[test]
fn move_engage() {
    remote::MOVE_ENGAGE.model().random(1_000);
    remote::MOVE_ENGAGE.model().pct(3, 1_000);
}

#[test]
fn set() {
    remote::SET.model().random(1_000);
    remote::SET.model().pct(3, 1_000);
}

#[test]
fn an_engagement_without_its_fence_needs_loom() {
    // Here memory is sequentially consistent: the fence changes nothing.
    remote::NO_ENGAGE_FENCE.model().random(1_000);
}

#[test]
fn end() {
    remote::END.model().random(1_000);
    remote::END.model().pct(3, 1_000);
}

#[test]
fn an_answer_that_is_taken_in_silence_is_found() {
    remote::NO_RING.model().must_fail("deadlock").pct(2, 10_000);
}
