//! The whole pool, sampled. `RADDLE_SCHEDULES` sets how many schedules each of them runs.

use raddle_verify::Scenario;
use raddle_verify::scenarios::{pool, pool_batch, pool_halves, pool_spares};

fn sample(scenario: &Scenario) {
    scenario.model().random(1_000);
    scenario.model().pct(3, 1_000);
}

macro_rules! sampled {
    ($in:ident; $($name:ident: $scenario:ident,)*) => {
        $(#[test]
        fn $name() {
            sample(&$in::$scenario);
        })*
    };
}

sampled! { pool;
    outside: OUTSIDE,
    parked: PARKED,
    nested: NESTED,
    spare: SPARE,
    spares: SPARES,
    hidden_wait: HIDDEN_WAIT,
    hidden_wait_parked: HIDDEN_WAIT_PARKED,
    both_workers: BOTH_WORKERS,
    spawn_on: SPAWN_ON,
    cancel_storm: CANCEL_STORM,
    drain: DRAIN,
    drain_two: DRAIN_TWO,
    cancel_pending: CANCEL_PENDING,
    closed: CLOSED,
    drain_nested: DRAIN_NESTED,
    scope: SCOPE,
    join: JOIN,
    join_guests: JOIN_GUESTS,
    join_displaced: JOIN_DISPLACED,
    in_order: IN_ORDER,
    limit: LIMIT,
    limit_closed: LIMIT_CLOSED,
    limit_nested: LIMIT_NESTED,
    dropped_inside: DROPPED_INSIDE,
    scope_after_a_wait: SCOPE_AFTER_A_WAIT,
    drain_blocked: DRAIN_BLOCKED,
    overflow: OVERFLOW,
    smallest: SMALLEST,
    smallest_race: SMALLEST_RACE,
    nothing_to_do: NOTHING_TO_DO,
}

sampled! { pool_halves;
    halves_meet: MET,
    halves_meet_parked: MET_PARKED,
    halves_meet_beside: MET_BESIDE,
    guest_meets: GUEST,
    latent_half: LATENT,
}

sampled! { pool_batch;
    batch_both_workers: BOTH_WORKERS,
    batch_both_search: BOTH_SEARCH,
    batch_inside: INSIDE,
    batch_closed: CLOSED,
}

sampled! { pool_spares;
    two_lent: TWO_LENT,
    cancel_spawned: CANCEL_SPAWNED,
    limit_drained: LIMIT_DRAINED,
    hook: HOOK,
}
