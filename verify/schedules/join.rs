use raddle_verify::scenarios::join;

#[test]
fn race() {
    join::RACE.model().min_executions(23).check();
}

#[test]
fn two_thieves() {
    join::TWO_THIEVES.model().min_executions(7_500).check();
}

#[test]
fn same_place() {
    join::SAME_PLACE.model().min_executions(94).check();
}

#[test]
fn an_owner_that_does_not_wait_is_found() {
    join::NO_WAIT
        .model()
        .must_fail("before the half was done")
        .check();
}
