//! Settings of every kind of pool: on which cores its workers stay, and what happens when it is full.

use crate::error::BuildError;
use crate::sys::{affinity, cgroup};

/// How an executor ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Shutdown {
    /// Everything that was accepted is done first.
    Drain,
    /// Tasks that have not started are cancelled; tasks that run are finished.
    CancelPending,
}

/// Which cores the workers stay on.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Pin {
    /// The system may move them between cores.
    #[default]
    None,
    /// One core for each worker, out of those that this process may use; physical cores first, then
    /// their hardware siblings.
    Cores,
    /// Worker `i` on the `i`-th core of the list.
    List(Vec<usize>),
}

/// What happens to a task that finds the queue full.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum WhenFull {
    /// The submitting thread sleeps until there is a place.
    #[default]
    Block,
    /// The future is done at once with [`Rejected::QueueFull`](crate::Rejected::QueueFull).
    Reject,
    /// The submitting thread runs the task itself. Not for process pools and pools of isolates.
    RunOnCaller,
}

impl Pin {
    /// The core of each worker, if it has one. Checks the number of workers and the list against what is allowed.
    pub(crate) fn cores(
        &self,
        workers: Option<usize>,
        allowed: &[usize],
        most: usize,
    ) -> Result<Vec<Option<usize>>, BuildError> {
        let default = || {
            allowed
                .len()
                .min(cgroup::quota().unwrap_or(usize::MAX))
                .max(1)
        };
        let workers = match (self, workers) {
            (_, Some(0)) => return Err(BuildError::ZeroWorkers),
            (_, Some(workers)) => workers,
            (Self::List(cores), None) => cores.len(),
            (_, None) => default(),
        };
        if workers > most {
            return Err(BuildError::TooManyWorkers {
                workers,
                limit: most,
            });
        }
        match self {
            Self::None => Ok(vec![None; workers]),
            Self::Cores if workers > allowed.len() => Err(BuildError::NotEnoughCores {
                workers,
                allowed: allowed.to_vec(),
            }),
            Self::Cores => Ok(affinity::physical_first(allowed)
                .into_iter()
                .take(workers)
                .map(Some)
                .collect()),
            Self::List(cores) => {
                check_list(cores, workers, allowed)?;
                Ok(cores.iter().copied().map(Some).collect())
            }
        }
    }
}

fn check_list(cores: &[usize], workers: usize, allowed: &[usize]) -> Result<(), BuildError> {
    if cores.is_empty() {
        return Err(BuildError::EmptyCoreList);
    }
    for (at, &core) in cores.iter().enumerate() {
        if cores[..at].contains(&core) {
            return Err(BuildError::DuplicateCore { core });
        }
        if !allowed.contains(&core) {
            return Err(BuildError::CoreNotAllowed {
                core,
                allowed: allowed.to_vec(),
            });
        }
    }
    if cores.len() != workers {
        return Err(BuildError::CoreCount {
            cores: cores.len(),
            workers,
        });
    }
    Ok(())
}
