use raddle_verify::scenarios::remote_rooms;

#[test]
fn elsewhere() {
    remote_rooms::ELSEWHERE
        .model()
        .bound(Some(2))
        .min_executions(140)
        .check();
}

#[test]
fn taken() {
    remote_rooms::TAKEN
        .model()
        .bound(Some(2))
        .min_executions(3000)
        .check();
}

#[test]
fn skipped() {
    remote_rooms::SKIPPED
        .model()
        .bound(Some(2))
        .min_executions(1_000)
        .check();
}

#[test]
fn callback() {
    remote_rooms::CALLBACK
        .model()
        .bound(Some(2))
        .min_executions(140)
        .check();
}

// The rest of it is a schedule: it takes more than 200,000 executions with one preemption.
#[test]
fn two() {
    remote_rooms::TWO
        .model()
        .bound(Some(0))
        .min_executions(7)
        .check();
}

#[test]
fn two_at_end() {
    remote_rooms::TWO_AT_END
        .model()
        .bound(Some(1))
        .min_executions(1300)
        .check();
}

#[test]
fn room_that_is_made_in_silence_is_found() {
    remote_rooms::IN_SILENCE
        .model()
        .bound(Some(2))
        .must_fail("deadlock")
        .check();
}
