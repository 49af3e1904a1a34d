//! The settings of a pool, as its builder decided them.

use crate::error::BoxError;
use crate::executor::WhenFull;
use crate::executor::WorkerInfo;
use std::time::Duration;

/// What a pool's workers do when they have no work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Idle {
    /// Spin for a while if idle gaps were short lately, then sleep. An idle pool uses no CPU.
    #[default]
    Balanced,
    /// Never sleep: for cores that nothing else needs. Each idle worker keeps its core busy.
    NeverPark,
    /// Sleep at once: for hosts on which other programs need the cores.
    ParkAtOnce,
}

pub type StartHook = Box<dyn Fn(&WorkerInfo) -> Result<(), BoxError> + Send + Sync>;
pub type StopHook = Box<dyn Fn(&WorkerInfo) + Send + Sync>;

/// The settings, with defaults filled in.
pub struct Config {
    pub name: String,
    pub idle: Idle,
    pub when_full: WhenFull,
    pub queue_limit: Option<usize>,
    pub stack_size: Option<usize>,
    pub max_spares: usize,
    pub on_start: Option<StartHook>,
    pub on_stop: Option<StopHook>,
    /// How long `build` waits until all workers are ready.
    pub start_timeout: Option<Duration>,
    /// The workers are isolates: a thread that blocks stays the worker that it is, since its state cannot move to a spare.
    pub isolated: bool,
    /// False: the process has a single core, and spinning would keep the other side from running.
    pub can_spin: bool,
}

impl Config {
    /// How many executor numbers a pool has: one, and one more for each isolate.
    pub fn numbers_of(isolated: bool, workers: usize) -> u32 {
        if isolated { 1 + workers as u32 } else { 1 }
    }

    /// How long an idle worker searches at most.
    pub fn search_budget(&self) -> Duration {
        match self.idle {
            Idle::NeverPark => Duration::MAX,
            _ if !self.can_spin => Duration::ZERO,
            Idle::Balanced => Duration::from_micros(50),
            Idle::ParkAtOnce => Duration::ZERO,
        }
    }

    /// How many workers may search at a time.
    pub fn max_searching(&self) -> usize {
        if self.idle == Idle::NeverPark {
            usize::MAX
        } else {
            1
        }
    }
}
