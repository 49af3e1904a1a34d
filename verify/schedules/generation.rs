use raddle_verify::scenarios::generation;

#[test]
fn first() {
    generation::FIRST.model().random(1_000);
    generation::FIRST.model().pct(3, 1_000);
}

#[test]
fn fork() {
    generation::FORK.model().random(1_000);
    generation::FORK.model().pct(3, 1_000);
}

#[test]
fn named() {
    generation::NAMED.model().random(1_000);
    generation::NAMED.model().pct(3, 1_000);
}
