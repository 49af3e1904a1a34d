use raddle_verify::scenarios::join;

#[test]
fn race() {
    join::RACE.model().min_executions(2_900).check();
}

#[test]
fn two_thieves() {
    join::TWO_THIEVES
        .model()
        .bound(Some(3))
        .min_executions(6_000)
        .check();
}

#[test]
fn same_place() {
    join::SAME_PLACE.model().min_executions(55_000).check();
}

#[test]
fn an_owner_that_does_not_wait_is_found() {
    join::NO_WAIT
        .model()
        .must_fail("before the half was done")
        .check();
}

#[test]
fn guests() {
    join::GUESTS
        .model()
        .bound(Some(3))
        .min_executions(3_500)
        .check();
}

#[test]
fn a_guest_that_takes_back_anybodys_half_is_found() {
    join::ANYBODYS
        .model()
        .bound(Some(3))
        .must_fail("took another guest's half")
        .check();
}

#[test]
fn sleeper() {
    join::SLEEPER
        .model()
        .bound(Some(3))
        .min_executions(2_000)
        .check();
}

#[test]
fn sleeping_neighbour() {
    join::SLEEPING_NEIGHBOUR
        .model()
        .bound(Some(3))
        .min_executions(1_300)
        .check();
}

#[test]
fn a_worker_that_does_not_look_is_found() {
    join::NO_LOOK.model().must_fail("deadlock").check();
}

#[test]
fn a_worker_that_looks_at_old_values_is_found() {
    join::OLD_LOOK.model().must_fail("deadlock").check();
}
