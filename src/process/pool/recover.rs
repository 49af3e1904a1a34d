//! Recovers a lane whose worker is dead: takes out the replies and the task in flight, and prepares the lane for the next worker.

use crate::future::task::Task;
use crate::process::pool::deferred::RecoveredReply;
use crate::process::pool::drain::{TakeOutcome, TakenReply};
use crate::process::pool::lane::{Lane, LaneState};
use crate::process::pool::remote_task::RemoteTask;
use crate::process::pool::task_meta::TaskLocation;
use crate::process::wire::outcome::Status;
use crate::shm::{Locked, Payload, Replies, Segment, Waiting};
use crate::sync::atomic::Ordering::*;
use std::io;
use std::os::fd::AsFd;

/// Stands for a reply that cannot be read. It is no [`Status`].
const NO_STATUS: u32 = 0;

/// A task that the dead worker had begun.
pub struct InFlight {
    pub location: TaskLocation,
    /// How many workers have died while they ran it.
    pub deaths: u32,
    /// The task, if it is lost. `None`: the next worker runs it again.
    pub lost: Option<Task>,
}

/// What [`Lane::recover`] found in the lane.
#[derive(Default)]
pub struct Recovered {
    /// The committed replies that had not been taken.
    pub replies: Vec<RecoveredReply>,
    /// The task that the worker had begun and not replied to. After a protocol violation also those whose replies were not
    /// taken.
    pub in_flight: Vec<InFlight>,
    /// How the worker violated the protocol.
    pub violation: Option<String>,
    /// Why the system refused memory for another worker. The lane cannot be used again.
    pub refused: Option<io::Error>,
}

impl Lane {
    /// Takes the committed replies and the tasks in flight out of the lane, and replaces the memory that the dead worker could
    /// write. A task in flight stays in the lane and runs again if it has retries left and `may_retry` allows it.
    ///
    /// `None`: a thread still reads a reply; the caller tries again. Called by the supervisor. Takes the lane's lock.
    pub fn recover(&self, may_retry: impl Fn(TaskLocation) -> bool) -> Option<Recovered> {
        match Segment::<Replies>::create_words(self.shm.arena()) {
            Ok((fresh, fd)) => self.recover_with(Ok(&fresh), may_retry, || {
                self.shm.install(fd.as_fd())?;
                *self.files.replies.lock() = fd;
                Ok(())
            }),
            Err(error) => self.recover_with(Err(error), may_retry, || Ok(())),
        }
    }

    /// As [`recover`](Self::recover). `install` replaces the old memory with the fresh one, if there is some.
    pub(in crate::process) fn recover_with(
        &self,
        fresh: io::Result<&Replies>,
        may_retry: impl Fn(TaskLocation) -> bool,
        install: impl FnOnce() -> io::Result<()>,
    ) -> Option<Recovered> {
        let mut locked = self.shm.lock();
        if locked.reading() > 0 {
            return None;
        }
        let mut recovered = Recovered::default();
        let mut spans = Vec::new();
        while locked.data().quarantined.is_none() {
            let mut taken = None;
            match self.take_reply(&mut locked, |reply| taken = Some(reply)) {
                Ok(TakeOutcome::Reply | TakeOutcome::Skipped) => {}
                Ok(TakeOutcome::Nothing) => break,
                Err(violation) => {
                    locked.data().quarantined = Some(format!("it {violation}"));
                    break;
                }
            }
            // Without a task: it was revoked, and the worker skipped it.
            let Some(TakenReply {
                task: Some(task),
                finish,
                reply,
                returned,
            }) = taken
            else {
                continue;
            };
            let mut status = reply.status;
            let mut bytes = match reply.payload {
                Payload::Inline(bytes) => bytes.as_slice().to_vec(),
                Payload::Span(span) => {
                    // All replies are copied. Spans that do not overlap are together no larger than the arena. A worker that names
                    // one span a thousand times would make the parent copy it a thousand times.
                    let bytes = if spans.iter().any(|&other| span.overlaps(other)) {
                        let why = "it replied twice with the same memory";
                        locked.data().quarantined = Some(why.to_owned());
                        status = NO_STATUS;
                        Vec::new()
                    } else {
                        self.shm.reply_region(span).to_vec()
                    };
                    spans.push(span);
                    locked.release(reply.seq);
                    bytes
                }
            };
            if let Some(span) = returned {
                status = Status::Value as u32;
                bytes = self.shm.request_region(span).to_vec();
                self.shm.free(span);
            }
            if Status::from_number(status).is_none() {
                let why = || format!("it replied with status {status}");
                locked.data().quarantined.get_or_insert_with(why);
            }
            recovered.replies.push(RecoveredReply {
                task,
                finish,
                status,
                bytes,
            });
        }
        recovered.violation = locked.data().quarantined.take();
        // Without memory for another worker, no worker can run it again.
        let may_retry = |location| fresh.is_ok() && may_retry(location);
        for waiting in locked.in_flight() {
            let in_flight = self.take_in_flight(&mut locked, waiting, may_retry);
            recovered.in_flight.extend(in_flight);
        }
        recovered.refused = fresh.and_then(|fresh| locked.replace(fresh, install)).err();
        Some(recovered)
    }

    /// Takes a task that the dead worker had begun, or leaves it in the lane to run again. Counts the death. The lane is locked.
    fn take_in_flight(
        &self,
        locked: &mut Locked<'_, LaneState>,
        waiting: Waiting,
        may_retry: impl Fn(TaskLocation) -> bool,
    ) -> Option<InFlight> {
        let lane = self.index;
        let seq = waiting.seq();
        let location = TaskLocation { lane, seq };
        let (deaths, retries) = self.record(locked, waiting, |record| {
            let record = record.as_ref()?;
            // SAFETY: the extra of each task in a lane is a `RemoteTask`.
            let remote = unsafe { RemoteTask::of(record.task.raw()) };
            Some(remote.options.as_ref().map_or((1, 0), |options| {
                // ORDERING: options.deaths Relaxed: written under the lane's lock.
                let deaths = options.deaths.fetch_add(1, Relaxed) + 1;
                (deaths, options.retries)
            }))
        })?;
        let lost = if deaths <= retries && may_retry(location) {
            locked.run_again(seq);
            None
        } else {
            let record = self.record(locked, waiting, Option::take)?;
            self.free(record.span);
            Some(record.task)
        };
        Some(InFlight {
            location,
            deaths,
            lost,
        })
    }
}

#[cfg(all(test, not(miri)))]
mod tests {
    use super::*;
    use crate::error::{Rejected, TaskError};
    use crate::executor::WhenFull;
    use crate::future::Future;
    use crate::process::pool::call::RemoteCall;
    use crate::process::pool::config::Config;
    use crate::process::pool::config::WhenWorkerDies;
    use crate::process::pool::finish::finish_value;
    use crate::process::pool::shared::Pool;
    use crate::process::pool::submit::submit;
    use crate::process::pool::supervisor_queue::SupervisorQueue;
    use crate::process::pool::task_meta::TaskOptions;
    use crate::shm::{ARENA, Body, Seq, WorkerEnd};
    use crate::sync::Arc;
    use crate::sys::events::{Event, Poller};
    use std::time::Duration;

    /// A pool without threads. The test plays its only worker.
    fn pool() -> Arc<Pool> {
        let config = Config {
            name: "recover".to_owned(),
            when_full: WhenFull::Block,
            settings: Default::default(),
            max_age: None,
            max_memory: None,
            when_worker_dies: WhenWorkerDies::Replace,
            restarts: 0,
            restart_window: Duration::ZERO,
            kill_grace: Duration::ZERO,
            start_timeout: Duration::MAX,
        };
        let lane = Lane::new(0, "recover-0".to_owned(), None, ARENA).unwrap();
        let (supervisor_queue, completer_event) =
            (SupervisorQueue::new().unwrap(), Event::new().unwrap());
        let completer_poller = Poller::new().unwrap();
        Arc::new(Pool::of(
            config,
            Box::new([lane]),
            supervisor_queue,
            completer_event,
            completer_poller,
        ))
    }

    #[test]
    fn a_lane_without_memory_for_another_worker_ends_orderly() {
        let pool = pool();
        let lane = &pool.lanes[0];
        let call = RemoteCall {
            entry: Ok(0),
            finish: finish_value::<u64>,
        };
        let send = || -> Future<u64> { submit(&pool, &call, &5u64, None) };
        let (replied, run, waiting) = (send(), send(), send());
        let requests = Segment::open(&lane.files.requests).unwrap();
        let replies = Segment::open(&lane.files.replies.lock()).unwrap();
        let mut worker = WorkerEnd::new(requests, replies, Seq(0), || {});
        let request = worker.next().unwrap();
        let seven = 7u64.to_ne_bytes();
        worker.reply(request.seq, Status::Value as u32, Body::Inline(&seven));
        worker.next().unwrap();
        drop(worker);

        let (fresh, _file) = Segment::<Replies>::create_words(ARENA).unwrap();
        // A file that cannot be mapped for writing. The old mapping is gone all the same.
        let refused = || lane.shm.install(lane.files.requests.as_fd());
        let mut recovered = lane.recover_with(Ok(&fresh), |_| false, refused).unwrap();
        assert!(recovered.refused.is_some() && recovered.violation.is_none());
        for reply in recovered.replies {
            pool.deferred.push_reply(0, reply);
        }
        pool.deferred.push_failed(
            recovered.in_flight.remove(0).lost.unwrap(),
            TaskError::TimedOut,
        );
        pool.break_down("no memory".to_owned());
        while pool.run_deferred() {}
        assert_eq!(replied.result().unwrap(), 7);
        assert!(matches!(run.result(), Err(TaskError::TimedOut)));
        let outcome = waiting.result();
        assert!(
            matches!(&outcome, Err(TaskError::Rejected(Rejected::Broken { why, .. })) if why == "no memory"),
            "{outcome:?}"
        );
        // A later submission is refused, too.
        assert!(send().result().is_err());
    }

    #[test]
    fn without_a_file_for_another_worker_replies_count() {
        let pool = pool();
        let lane = &pool.lanes[0];
        let call = RemoteCall {
            entry: Ok(0),
            finish: finish_value::<u64>,
        };
        let send = |options| -> Future<u64> { submit(&pool, &call, &5u64, options) };
        let options = || Some(Arc::new(TaskOptions::new(None, None, 5)));
        let (replied, run, waiting) = (send(None), send(options()), send(None));
        let requests = Segment::open(&lane.files.requests).unwrap();
        let replies = Segment::open(&lane.files.replies.lock()).unwrap();
        let mut worker = WorkerEnd::new(requests, replies, Seq(0), || {});
        let request = worker.next().unwrap();
        let seven = 7u64.to_ne_bytes();
        worker.reply(request.seq, Status::Value as u32, Body::Inline(&seven));
        worker.next().unwrap();
        drop(worker);

        let refused = Err(io::Error::from_raw_os_error(libc::EMFILE));
        let mut recovered = lane.recover_with(refused, |_| true, || Ok(())).unwrap();
        assert!(recovered.refused.is_some() && recovered.violation.is_none());
        for reply in recovered.replies {
            pool.deferred.push_reply(0, reply);
        }
        // It has retries left, but there is no worker to run it.
        let lost = recovered.in_flight.remove(0).lost.unwrap();
        pool.deferred.push_failed(lost, TaskError::TimedOut);
        pool.break_down("no memory".to_owned());
        while pool.run_deferred() {}
        assert_eq!(replied.result().unwrap(), 7);
        assert!(matches!(run.result(), Err(TaskError::TimedOut)));
        let outcome = waiting.result();
        assert!(
            matches!(&outcome, Err(TaskError::Rejected(Rejected::Broken { .. }))),
            "{outcome:?}"
        );
    }

    #[test]
    fn what_a_worker_ran_after_its_violation_does_not_run_again() {
        let pool = pool();
        let lane = &pool.lanes[0];
        let call = RemoteCall {
            entry: Ok(0),
            finish: finish_value::<u64>,
        };
        let send = || -> Future<u64> { submit(&pool, &call, &5u64, None) };
        let (ran, waiting) = ([(); 4].map(|()| send()), send());
        let requests = Segment::open(&lane.files.requests).unwrap();
        let replies = Segment::open(&lane.files.replies.lock()).unwrap();
        let mut worker = WorkerEnd::new(requests, replies, Seq(0), || {});
        let seven = 7u64.to_ne_bytes();
        // An unknown status, then two proper replies, then a task that it has begun.
        for status in [99, Status::Value as u32, Status::Value as u32] {
            let seq = worker.next().unwrap().seq;
            worker.reply(seq, status, Body::Inline(&seven));
        }
        worker.next().unwrap();
        drop(worker);

        let recovered = lane.recover(|_| false).unwrap();
        assert!(recovered.violation.is_some());
        for reply in recovered.replies {
            pool.deferred.push_reply(0, reply);
        }
        for in_flight in recovered.in_flight {
            pool.deferred
                .push_failed(in_flight.lost.unwrap(), TaskError::TimedOut);
        }
        while pool.run_deferred() {}
        for (n, ran) in ran.into_iter().enumerate() {
            let outcome = ran.try_result();
            assert!(matches!(outcome, Ok(Err(_))), "task {n}: {outcome:?}");
        }
        // The next worker begins with the one that was not begun.
        assert!(!waiting.is_done());
        let requests = Segment::open(&lane.files.requests).unwrap();
        let replies = Segment::open(&lane.files.replies.lock()).unwrap();
        let next = lane.shm.next();
        let mut worker = WorkerEnd::new(requests, replies, next, || {});
        let seq = worker.next().unwrap().seq;
        worker.reply(seq, Status::Value as u32, Body::Inline(&seven));
        while lane.drain_some(&pool) {}
        assert_eq!(waiting.result().unwrap(), 7);
        pool.break_down("the test is over".to_owned());
    }

    #[test]
    fn replies_that_share_memory_violate_the_protocol() {
        let pool = pool();
        let lane = &pool.lanes[0];
        let call = RemoteCall {
            entry: Ok(0),
            finish: finish_value::<Vec<u8>>,
        };
        let send = || -> Future<Vec<u8>> { submit(&pool, &call, &5u64, None) };
        let (first, second, third) = (send(), send(), send());
        let requests = Segment::open(&lane.files.requests).unwrap();
        let replies = Segment::open(&lane.files.replies.lock()).unwrap();
        let mut worker = WorkerEnd::new(requests, replies, Seq(0), || {});
        let bytes = [&1000_u32.to_ne_bytes()[..], &[7; 1000]].concat();
        let span = worker.allocate(bytes.len() as u32).unwrap();
        worker.reply_region(span).write(0, &bytes);
        for _ in 0..3 {
            let seq = worker.next().unwrap().seq;
            worker.reply(seq, Status::Value as u32, Body::Span(span));
        }
        drop(worker);

        let mut recovered = lane.recover(|_| false).unwrap();
        let violation = recovered.violation.unwrap();
        assert!(violation.contains("same memory"), "{violation}");
        for reply in recovered.replies {
            pool.deferred.push_reply(0, reply);
        }
        let lost = recovered.in_flight.remove(0).lost.unwrap();
        pool.deferred.push_failed(lost, TaskError::TimedOut);
        pool.break_down("it violated the protocol".to_owned());
        while pool.run_deferred() {}
        assert_eq!(first.result().unwrap(), [7; 1000]);
        for lost in [second, third] {
            let outcome = lost.result();
            assert!(outcome.is_err(), "{outcome:?}");
        }
    }
}
