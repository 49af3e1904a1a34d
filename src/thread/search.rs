//! A worker without work: it searches for a while with an open handoff slot, if idle gaps were short lately; then it parks.
//! The protocol of searching and parking is in [`super::idle`], that of the slot in [`super::handoff`].

use super::idle::Woken;
use super::join::shared_job::SharedJob;
use super::shared::task_from;
use super::threads::FRESH;
use super::worker::{Work, Worker};
use super::worker_shared::WorkerShared;
use crate::future::memory;
use crate::sync;
use crate::sys::prefetch;
use std::time::{Duration, Instant};

/// How often a searching worker looks at its handoff slot between two looks at everything.
const ROUNDS: u32 = sync::bound(32, 1) as u32;
/// An idle gap counts for at most that much in the mean, so that a few short ones bring it down again.
const LONG_GAP: Duration = Duration::from_micros(400);

impl Worker {
    /// Adds the length of an idle gap to the running mean.
    fn note_gap(&self, gap: Duration) {
        // In a model, a schedule must not depend on the clock.
        if sync::MODEL {
            return;
        }
        let gap = gap.min(LONG_GAP).as_nanos() as u32;
        self.gap.set(match self.gap.get() {
            FRESH => 0,
            mean => (mean * 3 + gap) / 4,
        });
    }

    /// The worker's own queues and the injector are empty: it searches, then parks until it is woken. `None`: the caller looks
    /// again, and ends if the pool is over.
    pub(super) fn search_or_park(&self, own: &WorkerShared) -> Option<Work> {
        let sleepers = &self.shared.sleepers;
        let budget = self.budget();
        let limit = self.shared.config.max_searching();
        let mut searching = !budget.is_zero() && sleepers.transition_to_searching(limit);
        if searching && let Some(work) = self.search(own, budget) {
            return Some(work);
        }
        if self.shared.is_closed() {
            return self.scan_once(own, searching);
        }
        memory::flush();
        // WAKE: the announcement comes before the looks at the queues, the mode and the pinned queue. See `idle`.
        sleepers.announce_park(own.info.index, searching);
        if self.is_work_left(own, true) {
            sleepers.wake_another();
        } else if self.is_job_left(own) {
            self.shared.wake_for_join();
        }
        if self.shared.is_closed() || own.pinned.look() {
            sleepers.wake_this(own.info.index);
        }
        own.parked.add(1);
        let began = Instant::now();
        searching = sleepers.parker(own.info.index).sleep() == Woken::ToSearch;
        self.note_gap(began.elapsed());
        if searching {
            self.scan_once(own, true)
        } else {
            None
        }
    }

    /// Looks once at everything, then stops searching, if it did.
    fn scan_once(&self, own: &WorkerShared, searching: bool) -> Option<Work> {
        let work = self.scan(own);
        if searching {
            self.stop_searching(own);
        }
        work
    }

    /// How long to search: not at all if gaps were longer than that lately.
    fn budget(&self) -> Duration {
        let budget = self.shared.config.search_budget();
        let lately = Duration::from_nanos(u64::from(self.gap.get()));
        if lately > budget {
            Duration::ZERO
        } else {
            budget
        }
    }

    /// Searches with an open handoff slot. The worker is counted as searching before, and still is if it found nothing.
    fn search(&self, own: &WorkerShared, budget: Duration) -> Option<Work> {
        let began = Instant::now();
        loop {
            self.shared.open_handoff(own);
            let found = self.spin(own, began, budget);
            let handed = own.handoff.close().map(|item| {
                // The cache line is on its way while we stop searching.
                prefetch::line(item.as_ptr());
                task_from(item)
            });
            let work = match (found, handed) {
                // The task from the slot was submitted before what waits in the injector (see `Shared::try_handoff`).
                (None, handed) => handed.or_else(|| self.pop_inbound(own)).map(Work::Task),
                (found, None) => found,
                // Both at once: the task from the slot goes into the deque.
                (found, Some(task)) => {
                    if let Err(task) = self.push(task) {
                        self.run(task);
                    }
                    found
                }
            };
            if work.is_some() {
                self.note_gap(Duration::ZERO);
                self.stop_searching(own);
                return work;
            }
            // The time is over, or another worker took what was seen.
            if sync::MODEL || self.shared.is_closed() || began.elapsed() >= budget {
                return None;
            }
        }
    }

    /// Spins until a task is in the handoff slot, in the pinned queue or in the injector, until it has taken work from another
    /// worker, or until the search is over.
    fn spin(&self, own: &WorkerShared, began: Instant, budget: Duration) -> Option<Work> {
        while own.handoff.is_open() {
            let mut rounds = 0;
            while own.handoff.is_open() && rounds < ROUNDS {
                sync::hint::spin_loop();
                rounds += 1;
            }
            if rounds == ROUNDS {
                if self.has_inbound_work(own) {
                    break;
                }
                let found = self.take_from_others(own);
                let is_over = found.is_some() || self.shared.is_closed() || sync::MODEL;
                if is_over || began.elapsed() >= budget {
                    return found;
                }
            }
        }
        None
    }

    /// The worker stops searching. The last searcher then wakes a worker if there is work: pushers may have relied on it.
    fn stop_searching(&self, own: &WorkerShared) {
        if !self.shared.sleepers.transition_from_searching() {
            return;
        }
        if self.is_work_left(own, false) {
            self.shared.sleepers.wake_one();
        } else if self.is_job_seen(own) {
            self.shared.wake_for_join();
        }
    }

    /// The other workers' shared halves.
    fn others<'a>(&'a self, own: &WorkerShared) -> impl Iterator<Item = &'a WorkerShared> {
        let index = own.info.index;
        let workers = self.shared.workers.iter();
        workers.filter(move |other| other.info.index != index)
    }

    /// Is there a task in any queue? It reads them so that it misses no push (see `idle`). The own pinned queue is not among
    /// them: only this worker can take from it.
    fn is_work_left(&self, own: &WorkerShared, has_announced: bool) -> bool {
        self.shared.injector.look()
            || own.deque.len() > 0
            || !self.shared.sleepers.is_alone(has_announced)
                && self.others(own).any(|other| other.deque.look())
    }

    /// For a worker that has announced its park: is there a shared job, whose owner may not have seen the announcement?
    fn is_job_left(&self, own: &WorkerShared) -> bool {
        self.shared.external_joiners.look()
            || !self.shared.sleepers.is_alone(true)
                && self.others(own).any(|other| other.shared_job.look())
    }

    /// The same as a hint, for a worker that looks again before it parks.
    fn is_job_seen(&self, own: &WorkerShared) -> bool {
        let shared = &self.shared;
        shared.external_joiners.count() > 0
            && shared.external_joiners.slots().any(|slot| !slot.is_empty())
            || !shared.sleepers.is_alone(false)
                && self.others(own).any(|other| !other.shared_job.is_empty())
    }

    /// Looks once at everything: the pinned queue, the injector, then what [`Self::take_from_others`] looks at.
    fn scan(&self, own: &WorkerShared) -> Option<Work> {
        self.pop_inbound(own)
            .map(Work::Task)
            .or_else(|| self.take_from_others(own))
    }

    /// Looks once at the other workers, from a random one on: shared job, deque, handoff slot; then at the shared jobs of
    /// external joiners. Takes the first work that it finds; of a deque it takes half into its own.
    fn take_from_others(&self, own: &WorkerShared) -> Option<Work> {
        let workers = &self.shared.workers;
        let start = self.random() as usize % workers.len();
        let indices = (start..workers.len()).chain(0..start);
        for other in indices.map(|index| &workers[index]) {
            if other.info.index == own.info.index {
                continue;
            }
            if let Some(job) = other.shared_job.take() {
                return Some(Work::Job(job));
            }
            if other.deque.len() > 0
                && let Some((first, count)) = other.deque.steal_into(&own.deque)
            {
                own.stolen.add(count as u64);
                self.mark.set(own.deque.back());
                return Some(Work::Task(task_from(first)));
            }
            if let Some(item) = other.handoff.steal() {
                return Some(Work::Task(task_from(item)));
            }
        }
        self.shared
            .external_joiners
            .slots()
            .find_map(SharedJob::take)
            .map(Work::Job)
    }
}
