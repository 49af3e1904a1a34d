use raddle_verify::scenarios::remote_rooms;

#[test]
fn elsewhere() {
    remote_rooms::ELSEWHERE.model().random(1_000);
    remote_rooms::ELSEWHERE.model().pct(3, 1_000);
}

#[test]
fn taken() {
    remote_rooms::TAKEN.model().random(1_000);
    remote_rooms::TAKEN.model().pct(3, 1_000);
}

#[test]
fn skipped() {
    remote_rooms::SKIPPED.model().random(1_000);
    remote_rooms::SKIPPED.model().pct(3, 1_000);
}

#[test]
fn callback() {
    remote_rooms::CALLBACK.model().random(1_000);
    remote_rooms::CALLBACK.model().pct(3, 1_000);
}

#[test]
fn two() {
    remote_rooms::TWO.model().random(1_000);
    remote_rooms::TWO.model().pct(3, 1_000);
}

#[test]
fn two_at_end() {
    remote_rooms::TWO_AT_END.model().random(1_000);
    remote_rooms::TWO_AT_END.model().pct(3, 1_000);
}
