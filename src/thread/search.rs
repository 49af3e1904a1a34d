//! A worker without work: it searches for a while with an open hand, if that has paid lately; then it
//! sleeps. The protocol of both is [`super::idle`]'s.

use super::idle::Woken;
use super::join::SharedJob;
use super::shared::{IdleProfile, WorkerShared};
use super::worker::{Work, Worker, task_from};
use crate::future::memory;
use crate::sync;
use crate::sys::prefetch;
use std::time::{Duration, Instant};

/// Rounds of looking at the own hand between two looks at everything.
const ROUNDS: u32 = sync::bound(32, 1) as u32;
/// An idle gap counts for at most this much in the mean, so that a few short ones bring it back.
const LONG_GAP: Duration = Duration::from_micros(400);
/// The mean of a worker that has not slept yet. The first time it sleeps at once: what it waits for comes from the thread
/// that builds the pool, whose core it may well have been started on. That gap says nothing of the load.
pub(super) const FRESH: u32 = if sync::MODEL { 0 } else { u32::MAX };

impl Worker {
    /// Remembers how long it was idle this time.
    fn note_gap(&self, gap: Duration) {
        // The clock would make a schedule depend on more than its choices.
        if sync::MODEL {
            return;
        }
        let gap = gap.min(LONG_GAP).as_nanos() as u32;
        self.gap.set(match self.gap.get() {
            FRESH => 0,
            mean => (mean * 3 + gap) / 4,
        });
    }

    /// Nothing of its own: searches, then sleeps. `None`: look again.
    pub(super) fn without_work(&self, seat: &WorkerShared) -> Option<Work> {
        let idle = &self.shared.idle;
        let budget = self.budget();
        let limit = if self.shared.config.idle == IdleProfile::NeverPark {
            usize::MAX
        } else {
            1
        };
        let mut searching = !budget.is_zero() && idle.transition_to_searching(limit);
        if searching && let Some(work) = self.search(seat, budget) {
            return Some(work);
        }
        if self.shared.is_closed() {
            return self.last_look(seat, searching);
        }
        memory::flush();
        idle.announce_park(seat.info.index, searching);
        if self.is_work_left(seat, true) {
            idle.wake_another();
        } else if self.is_half_left(seat) {
            self.shared.wake_for_join();
        }
        if self.shared.is_closed() || seat.pinned.look() {
            idle.wake_this(seat.info.index);
        }
        seat.parked.add(1);
        let began = Instant::now();
        searching = idle.parker(seat.info.index).sleep() == Woken::ToSearch;
        self.note_gap(began.elapsed());
        if searching {
            self.last_look(seat, true)
        } else {
            None
        }
    }

    /// One look around; then it is a worker again, whatever it found.
    fn last_look(&self, seat: &WorkerShared, searching: bool) -> Option<Work> {
        let work = self.scan(seat);
        if searching {
            self.found(seat);
        }
        work
    }

    /// How long to search: as long as that has been worth it lately.
    fn budget(&self) -> Duration {
        let budget = self.shared.search_budget();
        let lately = Duration::from_nanos(u64::from(self.gap.get()));
        if lately > budget {
            Duration::ZERO
        } else {
            budget
        }
    }

    /// Searches with an open hand. Counted as searching before and, if nothing was found, after.
    fn search(&self, seat: &WorkerShared, budget: Duration) -> Option<Work> {
        let began = Instant::now();
        loop {
            self.shared.open_hand(seat.info.index);
            let found = self.watch(seat, began, budget);
            let handed = seat.handoff.close().map(|item| {
                // The line is on its way while we settle who searches.
                prefetch::line(item.as_ptr());
                task_from(item)
            });
            let work = match (found, handed) {
                // What lay in the hand came before what waits outside (see `Shared::hand_over`).
                (None, handed) => handed.or_else(|| self.outside(seat)).map(Work::Task),
                (found, None) => found,
                // Both at once: the one from the hand waits its turn, for whoever comes first.
                (found, Some(task)) => {
                    if let Err(task) = self.push(task) {
                        self.run(task);
                    }
                    found
                }
            };
            if work.is_some() {
                self.note_gap(Duration::ZERO);
                self.found(seat);
                return work;
            }
            // Time is up, or what was seen has gone to another.
            if sync::MODEL || self.shared.is_closed() || began.elapsed() >= budget {
                return None;
            }
        }
    }

    /// Until something is in the hand, or outside, or was found elsewhere, or the search is over.
    fn watch(&self, seat: &WorkerShared, began: Instant, budget: Duration) -> Option<Work> {
        while seat.handoff.is_open() {
            let mut rounds = 0;
            while seat.handoff.is_open() && rounds < ROUNDS {
                sync::hint::spin_loop();
                rounds += 1;
            }
            if rounds == ROUNDS {
                if self.is_wanted_outside(seat) {
                    break;
                }
                let found = self.elsewhere(seat);
                let is_over = found.is_some() || self.shared.is_closed() || sync::MODEL;
                if is_over || began.elapsed() >= budget {
                    return found;
                }
            }
        }
        None
    }

    /// No longer searching. The last searcher answers for what was pushed while others counted on it.
    fn found(&self, seat: &WorkerShared) {
        if !self.shared.idle.transition_from_searching() {
            return;
        }
        if self.is_work_left(seat, false) {
            self.shared.idle.wake_one();
        } else if self.is_half_seen(seat) {
            self.shared.wake_for_join();
        }
    }

    fn others<'a>(&'a self, seat: &WorkerShared) -> impl Iterator<Item = &'a WorkerShared> {
        let own = seat.info.index;
        let seats = self.shared.seats.iter();
        seats.filter(move |other| other.info.index != own)
    }

    /// Is there work in any queue? Reads them so that no push can be missed (see `idle`).
    fn is_work_left(&self, seat: &WorkerShared, has_announced: bool) -> bool {
        self.shared.injector.look()
            || seat.deque.len() > 0
            || !self.shared.idle.is_alone(has_announced)
                && self.others(seat).any(|other| other.deque.look())
    }

    /// For a worker that has lain down: is half of a join on offer, whose owner may not have seen that?
    fn is_half_left(&self, seat: &WorkerShared) -> bool {
        self.shared.external_joiners.look()
            || !self.shared.idle.is_alone(true)
                && self.others(seat).any(|other| other.shared_job.look())
    }

    /// The same as a hint, for a worker that looks again before it sleeps.
    fn is_half_seen(&self, seat: &WorkerShared) -> bool {
        let shared = &self.shared;
        shared.external_joiners.count() > 0
            && shared
                .external_joiners
                .offers()
                .any(|offer| !offer.is_empty())
            || !shared.idle.is_alone(false) && self.others(seat).any(|it| !it.shared_job.is_empty())
    }

    /// Countdown once at everything: mailbox, inbox, the others' offers, deques and hands, the guests' offers.
    fn scan(&self, seat: &WorkerShared) -> Option<Work> {
        self.outside(seat)
            .map(Work::Task)
            .or_else(|| self.elsewhere(seat))
    }

    /// Countdown once at the others' offers, deques and hands, and at the guests' offers.
    fn elsewhere(&self, seat: &WorkerShared) -> Option<Work> {
        let seats = &self.shared.seats;
        let start = self.random() as usize % seats.len();
        for other in (start..seats.len()).chain(0..start).map(|at| &seats[at]) {
            if other.info.index == seat.info.index {
                continue;
            }
            if let Some(job) = other.shared_job.take() {
                return Some(Work::Job(job));
            }
            if other.deque.len() > 0
                && let Some((first, count)) = other.deque.steal_into(&seat.deque)
            {
                seat.stolen.add(count as u64);
                self.mark.set(seat.deque.back());
                return Some(Work::Task(task_from(first)));
            }
            if let Some(item) = other.handoff.steal() {
                return Some(Work::Task(task_from(item)));
            }
        }
        self.shared
            .external_joiners
            .offers()
            .find_map(SharedJob::take)
            .map(Work::Job)
    }
}
