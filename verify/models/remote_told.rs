use raddle_verify::scenarios::remote_told;

#[test]
fn rest() {
    remote_told::REST
        .model()
        .bound(Some(2))
        .min_executions(2_300)
        .check();
}

#[test]
fn two() {
    remote_told::TWO
        .model()
        .bound(Some(2))
        .min_executions(50_000)
        .check();
}

#[test]
fn asked() {
    remote_told::ASKED
        .model()
        .bound(Some(3))
        .min_executions(30)
        .check();
}
