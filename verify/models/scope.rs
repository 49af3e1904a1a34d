use raddle_verify::scenarios::scope;

#[test]
fn one() {
    scope::ONE.model().min_executions(260).check();
}

#[test]
fn two() {
    scope::TWO
        .model()
        .bound(Some(3))
        .min_executions(3_500)
        .check();
}

#[test]
fn nested() {
    scope::NESTED
        .model()
        .bound(Some(3))
        .min_executions(2_600)
        .check();
}
