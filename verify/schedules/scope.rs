use raddle_verify::scenarios::scope;

#[test]
fn one() {
    scope::ONE.model().min_executions(17).check();
}

#[test]
fn two() {
    scope::TWO.model().min_executions(1_200).check();
}

#[test]
fn nested() {
    scope::NESTED.model().min_executions(1_400).check();
}
