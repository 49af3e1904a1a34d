use raddle_verify::scenarios::remote_room;

#[test]
fn elsewhere() {
    remote_room::ELSEWHERE.model().random(1_000);
    remote_room::ELSEWHERE.model().pct(3, 1_000);
}

#[test]
fn taken() {
    remote_room::TAKEN.model().random(1_000);
    remote_room::TAKEN.model().pct(3, 1_000);
}

#[test]
fn callback() {
    remote_room::CALLBACK.model().random(1_000);
    remote_room::CALLBACK.model().pct(3, 1_000);
}

#[test]
fn two() {
    remote_room::TWO.model().random(1_000);
    remote_room::TWO.model().pct(3, 1_000);
}

#[test]
fn two_at_end() {
    remote_room::TWO_AT_END.model().random(1_000);
    remote_room::TWO_AT_END.model().pct(3, 1_000);
}
