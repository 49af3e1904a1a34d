use raddle_verify::scenarios::idle;

#[test]
fn one() {
    idle::ONE.model().bound(Some(3)).min_executions(420).check();
}

#[test]
fn searching() {
    idle::SEARCHING
        .model()
        .bound(Some(3))
        .min_executions(740)
        .check();
}

#[test]
fn inbox() {
    idle::INBOX
        .model()
        .bound(Some(3))
        .min_executions(10_000)
        .check();
}

#[test]
fn twice() {
    idle::TWICE
        .model()
        .bound(Some(3))
        .min_executions(13_000)
        .check();
}

#[test]
fn two_workers() {
    idle::TWO_WORKERS
        .model()
        .bound(Some(2))
        .min_executions(26_000)
        .check();
}

#[test]
fn last_searcher() {
    idle::LAST_SEARCHER
        .model()
        .bound(Some(2))
        .min_executions(760)
        .check();
}

#[test]
fn both_ways() {
    idle::BOTH_WAYS
        .model()
        .bound(Some(2))
        .min_executions(25_000)
        .check();
}

#[test]
fn up_in_the_stack() {
    idle::UP_IN_THE_STACK
        .model()
        .bound(Some(2))
        .min_executions(4_100)
        .check();
}

#[test]
fn two_wakers() {
    idle::TWO_WAKERS
        .model()
        .bound(Some(3))
        .min_executions(290)
        .check();
}

#[test]
fn stack() {
    idle::STACK
        .model()
        .bound(Some(3))
        .min_executions(750)
        .check();
}

#[test]
fn busy_neighbour() {
    idle::BUSY_NEIGHBOUR
        .model()
        .bound(Some(3))
        .min_executions(500)
        .check();
}

#[test]
fn woken_neighbour() {
    idle::WOKEN_NEIGHBOUR
        .model()
        .bound(Some(2))
        .min_executions(3_300)
        .check();
}

#[test]
fn a_sleep_without_a_look_is_found() {
    idle::NO_LOOK.model().must_fail("deadlock").check();
}

#[test]
fn a_last_searcher_that_does_not_look_is_found() {
    idle::NO_SECOND_LOOK
        .model()
        .bound(Some(2))
        .must_fail("deadlock")
        .check();
}
