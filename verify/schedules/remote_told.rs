use raddle_verify::scenarios::remote_told;

#[test]
fn rest() {
    remote_told::REST.model().random(1_000);
    remote_told::REST.model().pct(3, 1_000);
}

#[test]
fn two() {
    remote_told::TWO.model().random(1_000);
    remote_told::TWO.model().pct(3, 1_000);
}

#[test]
fn asked() {
    remote_told::ASKED.model().random(1_000);
    remote_told::ASKED.model().pct(3, 1_000);
}
