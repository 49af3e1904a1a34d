//! `join`: the second half is a shared job, and its owner and thieves race for it. The thread that gets it runs it once;
//! the owner does not go on before it is done, and then frees it at once.

use crate::sync::cell::UnsafeCell;
use crate::sync::{Arc, faults, thread};
use crate::{Counted, DropCount, Loom, Outcomes, Scenario, Shuttle};
use raddle::thread::external::ExternalJoiners;
use raddle::thread::idle::{Sleepers, Woken};
use raddle::thread::join::shared_job::{Job, SharedJob};
use std::ptr::NonNull;

/// A second half: a job with what it works on. On the heap, so that a use after its end is a use of
/// freed memory. A shared job's slot compares addresses, so the model says which halves share one. The
/// allocator would choose another one in each execution.
#[repr(C)]
struct Half {
    job: Job,
    input: u32,
    result: UnsafeCell<Option<u32>>,
    _counted: Counted,
}

// SAFETY: its pointers are those of a thread's list of deferred jobs, where no model puts it.
unsafe impl Send for Half {}

impl Half {
    fn new(count: &DropCount, input: u32) -> Self {
        Self {
            job: Job::new(Self::run),
            input,
            result: UnsafeCell::new(None),
            _counted: count.value(),
        }
    }

    fn boxed(count: &DropCount, input: u32) -> Box<Self> {
        Box::new(Self::new(count, input))
    }

    fn work(&self) {
        self.result.with_mut(|result| {
            // SAFETY: the thread that has the job is alone with it; loom checks that.
            let result = unsafe { &mut *result };
            assert!(result.is_none(), "a half ran twice");
            *result = Some(self.input + 1);
        });
    }

    unsafe fn run(job: NonNull<Job>) {
        // SAFETY: the first field of this type, and taken: alive until it is done.
        unsafe { job.cast::<Self>().as_ref() }.work();
        // SAFETY: taken, and not touched again.
        unsafe { Job::finish(job) };
    }

    /// The owner's end of a join; it frees the half next.
    fn end(&self, slot: &SharedJob) -> &'static str {
        let how = if slot.reclaim(&self.job) {
            self.work();
            "reclaimed"
        } else {
            let before = faults::waits().0;
            self.job.sleep();
            assert!(self.job.is_done());
            if faults::waits().0 > before {
                "stolen, slept"
            } else {
                "stolen, done"
            }
        };
        // SAFETY: done, so the thief has let go.
        let result = self.result.with(|result| unsafe { *result });
        assert_eq!(result, Some(self.input + 1), "the half did not run");
        how
    }
}

fn steal(slot: &SharedJob) -> bool {
    let Some(job) = slot.take() else {
        return false;
    };
    // SAFETY: taken.
    unsafe { Job::execute(job) };
    true
}

/// Owner and thief.
const RACE: Scenario = Scenario {
    name: "join/race",
    test: "join::race",
    shows: "reclaimed, or stolen and waited for, asleep or not",
    must: &["reclaimed", "stolen, slept", "stolen, done"],
    faults: 2,
    loom: Loom::unbounded().at_least(2_900),
    shuttle: Shuttle::exhaustive().at_least(23),
    body: |out| {
        let count = DropCount::new();
        let slot = Arc::new(SharedJob::new());
        let half = Half::boxed(&count, 1);
        let other = Arc::clone(&slot);
        let thief = thread::spawn(move || steal(&other));
        assert!(slot.put(&half.job));
        let how = half.end(&slot);
        drop(half);
        assert_eq!(thief.join().unwrap(), how != "reclaimed");
        assert!(slot.is_empty());
        out.saw(how);
        count.assert_all_dropped();
    },
    ..Scenario::EMPTY
};

/// Two thieves: one of them at most.
const TWO_THIEVES: Scenario = Scenario {
    name: "join/two_thieves",
    test: "join::two_thieves",
    shows: "one of them at most",
    must: &["reclaimed", "stolen, slept", "stolen, done"],
    threads: 3,
    loom: Loom::bound(3).at_least(6_000),
    shuttle: Shuttle::exhaustive().at_least(7_500),
    body: |out| {
        let count = DropCount::new();
        let slot = Arc::new(SharedJob::new());
        let half = Half::boxed(&count, 1);
        let thieves = [(), ()].map(|()| {
            let slot = Arc::clone(&slot);
            thread::spawn(move || steal(&slot))
        });
        assert!(slot.put(&half.job));
        let how = half.end(&slot);
        drop(half);
        let stolen = thieves.map(|thief| usize::from(thief.join().unwrap()));
        assert_eq!(stolen[0] + stolen[1], usize::from(how != "reclaimed"));
        out.saw(how);
        count.assert_all_dropped();
    },
    ..Scenario::EMPTY
};

/// Two joins, one after the other, through one slot and at the same address: a thief that looked before
/// takes the one or the other, and never the first one after its end.
const SAME_ADDRESS: Scenario = Scenario {
    name: "join/same_address",
    test: "join::same_address",
    shows: "two joins through one slot, and a late thief",
    must: &["neither", "first", "second"],
    loom: Loom::unbounded().at_least(55_000),
    shuttle: Shuttle::exhaustive().at_least(94),
    body: |out| {
        let count = DropCount::new();
        let slot = Arc::new(SharedJob::new());
        let other = Arc::clone(&slot);
        let thief = thread::spawn(move || steal(&other));
        let mut stolen = "neither";
        let mut half = Half::boxed(&count, 0);
        for (input, name) in [(1, "first"), (2, "second")] {
            *half = Half::new(&count, input);
            assert!(slot.put(&half.job));
            if half.end(&slot) != "reclaimed" {
                assert_eq!(stolen, "neither", "one thief took two");
                stolen = name;
            }
        }
        drop(half);
        assert_eq!(thief.join().unwrap(), stolen != "neither");
        out.saw(stolen);
        count.assert_all_dropped();
    },
    ..Scenario::EMPTY
};

/// An external joiner's join: it shares its half if the slot is empty, else it runs both.
fn join_outside(slot: &SharedJob, half: &Half) -> &'static str {
    if slot.put(&half.job) {
        half.end(slot)
    } else {
        half.work();
        "kept"
    }
}

/// Two external joiners and one slot for their jobs: the thief may have looked at one job and take the other.
const EXTERNAL_JOINERS: Scenario = Scenario {
    name: "join/external_joiners",
    test: "join::external_joiners",
    shows: "two external joiners, one slot, a thief: kept, reclaimed or stolen",
    must: &[
        "reclaimed, reclaimed",
        "reclaimed, kept",
        "kept, reclaimed",
        "stolen, reclaimed",
        "reclaimed, stolen",
        "stolen, kept",
        "kept, stolen",
    ],
    threads: 3,
    loom: Loom::bound(3).at_least(3_500),
    shuttle: Shuttle::exhaustive().at_least(11_000),
    body: |out| {
        let count = DropCount::new();
        let slot = Arc::new(SharedJob::new());
        let other = Arc::clone(&slot);
        let thief = thread::spawn(move || steal(&other));
        let [mine, theirs] = [(); 2].map(|()| Half::boxed(&count, 1));
        let other = Arc::clone(&slot);
        let second = thread::spawn(move || join_outside(&other, &theirs));
        let own = join_outside(&slot, &mine);
        drop(mine);
        let how = [own, second.join().unwrap()].map(|how| {
            if how.starts_with("stolen") {
                "stolen"
            } else {
                how
            }
        });
        assert_eq!(thief.join().unwrap(), how.contains(&"stolen"));
        assert!(slot.is_empty());
        out.saw(how.join(", "));
        count.assert_all_dropped();
    },
    ..Scenario::EMPTY
};

/// A pool of one worker. No other thread can run the shared half: its owner waits for it at once.
struct OneWorker {
    sleepers: Sleepers,
    joiners: ExternalJoiners,
    /// The slot of another worker's shared half.
    slot: SharedJob,
}

impl OneWorker {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            sleepers: Sleepers::new(1),
            joiners: ExternalJoiners::new(1),
            slot: SharedJob::new(),
        })
    }

    /// As in `thread::join`: the job is shared, then a look whether a worker sleeps.
    fn share(&self, slot: &SharedJob, count: &DropCount) {
        let half = Half::boxed(count, 1);
        assert!(slot.put(&half.job));
        if self.sleepers.is_sleeping() {
            self.sleepers.wake_one();
        }
        half.job.sleep();
        assert!(half.job.is_done());
    }

    fn steal(&self) -> bool {
        steal(&self.slot) || self.joiners.slots().any(steal)
    }

    /// A worker that has found nothing, until it has a half. `look`: what it does between the announcement and the
    /// sleep.
    fn work(&self, look: impl Fn(&Self) -> bool) {
        while !self.steal() {
            self.sleepers.announce_park(0, false);
            if look(self) {
                self.sleepers.wake_one();
            }
            if self.sleepers.parker(0).sleep() == Woken::ToSearch {
                let stole = self.steal();
                assert!(self.sleepers.transition_from_searching());
                if stole {
                    return;
                }
            }
        }
    }

    fn run(out: &Outcomes, external: bool, look: fn(&Self) -> bool) {
        let count = DropCount::new();
        let pool = Self::new();
        let other = Arc::clone(&pool);
        let worker = thread::spawn(move || other.work(look));
        if external {
            pool.joiners.enter();
            let slot = pool.joiners.slots().next();
            pool.share(slot.expect("there is one for a worker"), &count);
            pool.joiners.leave();
        } else {
            pool.share(&pool.slot, &count);
        }
        worker.join().unwrap();
        out.saw("taken");
        count.assert_all_dropped();
        assert_eq!(pool.sleepers.counts(), (1, 0), "awake and searching");
    }
}

/// An external joiner shares its half while the worker parks: the worker finds the half, or the joiner finds the sleeper.
const SLEEPER: Scenario = Scenario {
    name: "join/sleeper",
    test: "join::sleeper",
    shows: "a half of an external joiner, or of another worker, while a worker parks: it is taken",
    must: &["taken"],
    loom: Loom::bound(3).at_least(2_000),
    shuttle: Shuttle::sampled(2_000),
    body: |out| OneWorker::run(out, true, |pool| pool.joiners.look()),
    ..Scenario::EMPTY
};

/// The same for another worker's half.
const SLEEPING_NEIGHBOUR: Scenario = Scenario {
    name: "join/sleeping_neighbour",
    test: "join::sleeping_neighbour",
    shows: "a half of an external joiner, or of another worker, while a worker parks: it is taken",
    must: &["taken"],
    loom: Loom::bound(3).at_least(1_300),
    shuttle: Shuttle::sampled(2_000),
    body: |out| OneWorker::run(out, false, |pool| pool.slot.look()),
    ..Scenario::EMPTY
};

/// Broken on purpose: the worker's last look is before it has announced its park.
const NO_LOOK: Scenario = Scenario {
    name: "join/broken_no_look",
    test: "join::a_worker_that_does_not_look_is_found",
    shows: "no look after the announcement, or one at an old value",
    may: &["taken"],
    must_fail: Some("deadlock"),
    loom: Loom::unbounded(),
    shuttle: Shuttle::random(2_000),
    body: |out| OneWorker::run(out, true, |_| false),
    ..Scenario::EMPTY
};

/// Broken on purpose: the worker's look may be at an old value.
const OLD_LOOK: Scenario = Scenario {
    name: "join/broken_old_look",
    test: "join::a_worker_that_looks_at_old_values_is_found",
    shows: "no look after the announcement, or one at an old value",
    may: &["taken"],
    must_fail: Some("deadlock"),
    loom: Loom::unbounded(),
    body: |out| OneWorker::run(out, false, |pool| !pool.slot.is_empty()),
    ..Scenario::EMPTY
};

/// Broken on purpose: an external joiner takes any job out of the slot, which may be another's.
const ANY_JOB: Scenario = Scenario {
    name: "join/broken_any_job",
    test: "join::a_joiner_that_reclaims_any_job_is_found",
    shows: "an external joiner that takes another's job",
    may: &["lucky"],
    must_fail: Some("took another joiner's half"),
    loom: Loom::bound(3),
    shuttle: Shuttle::exhaustive(),
    body: |out| {
        let slot = Arc::new(SharedJob::new());
        let other = Arc::clone(&slot);
        let thief = thread::spawn(move || steal(&other));
        let join_outside = |slot: &SharedJob, half: Box<Half>| {
            if slot.put(&half.job) {
                if let Some(job) = slot.take() {
                    let own = job == NonNull::from(&half.job);
                    assert!(own, "took another joiner's half");
                } else {
                    half.job.sleep();
                }
            }
        };
        let [mine, theirs] = [(); 2].map(|()| Half::boxed(&DropCount::new(), 1));
        let other = Arc::clone(&slot);
        let second = thread::spawn(move || join_outside(&other, theirs));
        join_outside(&slot, mine);
        second.join().unwrap();
        thief.join().unwrap();
        out.saw("lucky");
    },
    ..Scenario::EMPTY
};

/// Broken on purpose: the owner looks once, and does not sleep; it frees what the thief works on.
const NO_WAIT: Scenario = Scenario {
    name: "join/broken_no_wait",
    test: "join::an_owner_that_does_not_wait_is_found",
    shows: "an owner that goes on too early",
    may: &["lucky"],
    must_fail: Some("before the half was done"),
    loom: Loom::unbounded(),
    shuttle: Shuttle::exhaustive(),
    body: |out| {
        let count = DropCount::new();
        let slot = Arc::new(SharedJob::new());
        let half = Half::boxed(&count, 1);
        let other = Arc::clone(&slot);
        let thief = thread::spawn(move || steal(&other));
        assert!(slot.put(&half.job));
        let mine = slot.reclaim(&half.job);
        let early = !mine && !half.job.is_done();
        thief.join().unwrap();
        assert!(!early, "went on before the half was done");
        out.saw("lucky");
    },
    ..Scenario::EMPTY
};

pub const MODELS: &[Scenario] = &[
    RACE,
    SAME_ADDRESS,
    TWO_THIEVES,
    EXTERNAL_JOINERS,
    SLEEPER,
    SLEEPING_NEIGHBOUR,
    NO_LOOK,
    OLD_LOOK,
    ANY_JOB,
    NO_WAIT,
];
