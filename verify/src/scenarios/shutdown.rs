//! The end of a pool under loom: the real one, small. `pool.rs` has the large ones, for shuttle.

use super::{pool, pool_spares};
use crate::{Loom, Scenario, Shuttle};

const SMALLEST: Scenario = Scenario {
    test: "shutdown::smallest",
    loom: Loom::bound(1).at_least(1_800),
    shuttle: Shuttle::No,
    ..pool::SMALLEST
};

const SMALLEST_RACE: Scenario = Scenario {
    test: "shutdown::race",
    loom: Loom::bound(1).at_least(1_600),
    shuttle: Shuttle::No,
    ..pool::SMALLEST_RACE
};

const NOTHING_TO_DO: Scenario = Scenario {
    test: "shutdown::nothing_to_do",
    loom: Loom::bound(3).at_least(11_000),
    shuttle: Shuttle::No,
    ..pool::NOTHING_TO_DO
};

const CLOSED: Scenario = Scenario {
    test: "shutdown::closed",
    loom: Loom::bound(2).at_least(18_000),
    shuttle: Shuttle::No,
    ..pool::CLOSED
};

const LIMIT_CLOSED: Scenario = Scenario {
    test: "shutdown::limit_closed",
    loom: Loom::bound(1).at_least(2_900),
    shuttle: Shuttle::No,
    ..pool::LIMIT_CLOSED
};

const HOOK: Scenario = Scenario {
    test: "shutdown::hook",
    loom: Loom::bound(2).at_least(2_400),
    shuttle: Shuttle::No,
    ..pool_spares::HOOK
};

pub const MODELS: &[Scenario] = &[
    NOTHING_TO_DO,
    HOOK,
    SMALLEST,
    SMALLEST_RACE,
    CLOSED,
    LIMIT_CLOSED,
];
