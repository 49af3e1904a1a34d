//! What becomes of a lane whose worker is dead.

use crate::future::task::Task;
use crate::process::pool::deferred::RecoveredReply;
use crate::process::pool::drain::{Next, TakenReply};
use crate::process::pool::lane::{Lane, LaneState};
use crate::process::pool::remote_task::RemoteTask;
use crate::process::pool::task_meta::TaskLocation;
use crate::process::wire::outcome::Status;
use crate::shm::{Locked, Payload, Replies, Segment, Waiting};
use crate::sync::atomic::Ordering::*;
use std::io;
use std::os::fd::AsFd;

/// An answer that is none.
const NO_STATUS: u32 = 0;

/// The task that the worker ran.
pub struct InFlight {
    pub location: TaskLocation,
    /// How many workers it has cost.
    pub deaths: u32,
    /// None: the next worker runs it again.
    pub lost: Option<Task>,
}

/// What was found in the lane.
#[derive(Default)]
pub struct Recovered {
    pub replies: Vec<RecoveredReply>,
    pub in_flight: Option<InFlight>,
    /// What the worker did that no worker does.
    pub violation: Option<String>,
    /// The lane has no memory for another worker, and never will.
    pub refused: Option<io::Error>,
}

impl Lane {
    /// Takes out what the dead worker had answered and the task that it ran, and makes the lane fit for the next
    /// worker. That task stays where it is, and runs again, if it has retries left and `again` allows it. None: somebody
    /// still reads an answer; try again.
    ///
    pub fn recover(&self, may_retry: impl FnOnce(TaskLocation) -> bool) -> Option<Recovered> {
        match Segment::<Replies>::create_words(self.shm.arena()) {
            Ok((fresh, fd)) => self.recover_with(Ok(&fresh), may_retry, || {
                self.shm.install(fd.as_fd())?;
                *self.files.replies.lock() = fd;
                Ok(())
            }),
            Err(error) => self.recover_with(Err(error), may_retry, || Ok(())),
        }
    }

    /// As [`bury`](Self::recover); `install` puts the fresh memory, if there is any, in the place of the old.
    pub(in crate::process) fn recover_with(
        &self,
        fresh: io::Result<&Replies>,
        may_retry: impl FnOnce(TaskLocation) -> bool,
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
                Ok(Next::Reply | Next::Skipped) => {}
                Ok(Next::Nothing) => break,
                Err(violation) => {
                    locked.data().quarantined = Some(format!("it {violation}"));
                    break;
                }
            }
            // Without a task it had been taken back, and was skipped.
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
                    // All are copied at once. Apart from each other they are together no more than the arena; one of
                    // them a thousand times over would be more than there is memory.
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
        // Without memory for another worker nobody would run it.
        let may_retry = |location| fresh.is_ok() && may_retry(location);
        if let Some(waiting) = locked.in_flight() {
            recovered.in_flight = self.take_in_flight(&mut locked, waiting, may_retry);
        }
        recovered.refused = fresh.and_then(|fresh| locked.replace(fresh, install)).err();
        Some(recovered)
    }

    /// The task that a dead worker ran, and whether it is lost.
    fn take_in_flight(
        &self,
        locked: &mut Locked<'_, LaneState>,
        waiting: Waiting,
        may_retry: impl FnOnce(TaskLocation) -> bool,
    ) -> Option<InFlight> {
        let lane = self.index;
        let seq = waiting.seq();
        let location = TaskLocation { lane, seq };
        let (deaths, retries) = self.record(locked, waiting, |record| {
            let record = record.as_ref()?;
            // SAFETY: tasks in lanes have tickets.
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

    /// A pool without threads, whose only worker the test plays.
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
        let requests = Segment::adopt(&lane.files.requests).unwrap();
        let replies = Segment::adopt(&lane.files.replies.lock()).unwrap();
        let mut worker = WorkerEnd::new(requests, replies, Seq(0), || {});
        let request = worker.next().unwrap();
        let seven = 7u64.to_ne_bytes();
        worker.reply(request.seq, Status::Value as u32, Body::Inline(&seven));
        worker.next().unwrap();
        drop(worker);

        let (fresh, _file) = Segment::<Replies>::create_words(ARENA).unwrap();
        // A file that cannot be mapped so: what was there is gone all the same.
        let refused = || lane.shm.install(lane.files.requests.as_fd());
        let recovered = lane.recover_with(Ok(&fresh), |_| false, refused).unwrap();
        assert!(recovered.refused.is_some() && recovered.violation.is_none());
        for reply in recovered.replies {
            pool.deferred.push_reply(0, reply);
        }
        pool.deferred.push_failed(
            recovered.in_flight.unwrap().lost.unwrap(),
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
        // Who comes later is told, too.
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
        let requests = Segment::adopt(&lane.files.requests).unwrap();
        let replies = Segment::adopt(&lane.files.replies.lock()).unwrap();
        let mut worker = WorkerEnd::new(requests, replies, Seq(0), || {});
        let request = worker.next().unwrap();
        let seven = 7u64.to_ne_bytes();
        worker.reply(request.seq, Status::Value as u32, Body::Inline(&seven));
        worker.next().unwrap();
        drop(worker);

        let refused = Err(io::Error::from_raw_os_error(libc::EMFILE));
        let recovered = lane.recover_with(refused, |_| true, || Ok(())).unwrap();
        assert!(recovered.refused.is_some() && recovered.violation.is_none());
        for reply in recovered.replies {
            pool.deferred.push_reply(0, reply);
        }
        // It has retries left, and nobody who could run it.
        let lost = recovered.in_flight.unwrap().lost.unwrap();
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
    fn replies_that_share_memory_violate_the_protocol() {
        let pool = pool();
        let lane = &pool.lanes[0];
        let call = RemoteCall {
            entry: Ok(0),
            finish: finish_value::<Vec<u8>>,
        };
        let send = || -> Future<Vec<u8>> { submit(&pool, &call, &5u64, None) };
        let (first, second, third) = (send(), send(), send());
        let requests = Segment::adopt(&lane.files.requests).unwrap();
        let replies = Segment::adopt(&lane.files.replies.lock()).unwrap();
        let mut worker = WorkerEnd::new(requests, replies, Seq(0), || {});
        let bytes = [&1000_u32.to_ne_bytes()[..], &[7; 1000]].concat();
        let span = worker.space(bytes.len() as u32).unwrap();
        worker.reply_region(span).write(0, &bytes);
        for _ in 0..3 {
            let seq = worker.next().unwrap().seq;
            worker.reply(seq, Status::Value as u32, Body::Span(span));
        }
        drop(worker);

        let recovered = lane.recover(|_| false).unwrap();
        let violation = recovered.violation.unwrap();
        assert!(violation.contains("same memory"), "{violation}");
        for reply in recovered.replies {
            pool.deferred.push_reply(0, reply);
        }
        let lost = recovered.in_flight.unwrap().lost.unwrap();
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
