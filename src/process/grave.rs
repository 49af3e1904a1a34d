//! What becomes of a lane whose worker is dead.

use super::answer::Finish;
use super::lane::{Argument, Lane};
use super::outcome::Status;
use super::pump::{Next, Taken};
use super::ticket::Ticket;
use crate::future::task::Task;
use crate::shm::{Payload, Replies, Segment};
use std::io;
use std::os::fd::{AsFd, BorrowedFd};

/// A task that the dead worker had answered.
pub struct Answered {
    pub task: Task,
    pub finish: Finish,
    pub status: u32,
    pub bytes: Vec<u8>,
}

/// The task that the worker ran.
pub struct Casualty {
    pub task: Task,
    pub finish: Finish,
    /// How to run it again, if that is allowed.
    pub again: Option<(u64, Argument)>,
}

/// What was found in the lane.
#[derive(Default)]
pub struct Estate {
    pub answered: Vec<Answered>,
    pub casualty: Option<Casualty>,
    /// What the worker did that no worker does.
    pub wild: Option<String>,
    /// The lane has no memory for another worker, and never will.
    pub refused: Option<io::Error>,
}

impl Lane {
    /// Takes out what the dead worker had answered and the task that it ran, and makes the lane fit for the next
    /// worker. None: somebody still reads an answer; try again.
    ///
    /// # Errors
    /// What the system says when it refuses a file for fresh memory. Nothing was taken out.
    pub fn bury(&self) -> io::Result<Option<Estate>> {
        self.bury_with(|fresh| self.shm.install(fresh))
    }

    fn bury_with(
        &self,
        install: impl FnOnce(BorrowedFd<'_>) -> io::Result<()>,
    ) -> io::Result<Option<Estate>> {
        let (fresh, fd) = Segment::<Replies>::create(0)?;
        let mut locked = self.shm.lock();
        if locked.reading() > 0 {
            return Ok(None);
        }
        let mut estate = Estate::default();
        while locked.data().condemned.is_none() {
            let mut taken = None;
            match self.take_answer(&mut locked, |answer| taken = Some(answer)) {
                Ok(Next::Answer | Next::Skipped) => {}
                Ok(Next::Nothing) => break,
                Err(wild) => {
                    locked.data().condemned = Some(format!("it {wild}"));
                    break;
                }
            }
            // Without a task it had been taken back, and was skipped.
            let Some(Taken {
                task: Some(task),
                finish,
                reply,
                returned,
            }) = taken
            else {
                continue;
            };
            let mut bytes = match reply.payload {
                Payload::Inline(bytes) => bytes.as_slice().to_vec(),
                Payload::Span(span) => {
                    let bytes = self.shm.reply_region(span).to_vec();
                    locked.release(reply.seq);
                    bytes
                }
            };
            let mut status = reply.status;
            if let Some(span) = returned {
                status = Status::Value as u32;
                bytes = self.shm.request_region(span).to_vec();
                self.shm.free(span);
            }
            if Status::from_number(status).is_none() {
                locked.data().condemned = Some(format!("it answered with status {}", reply.status));
            }
            estate.answered.push(Answered {
                task,
                finish,
                status,
                bytes,
            });
        }
        estate.wild = locked.data().condemned.take();
        let next = locked.next();
        if locked.is_waiting(next) {
            let (entry, payload) = locked.request(next);
            if let Some(seq) = locked.casualty()
                && let Some(record) = self.record(&locked, seq, Option::take)
            {
                // SAFETY: tasks in lanes have tickets.
                let options = unsafe { Ticket::of(record.task.raw()) }.options.as_ref();
                let again = options.filter(|options| options.retries > 0);
                let again = again.map(|_| (entry, Argument::of(self, payload)));
                self.free(record.span);
                estate.casualty = Some(Casualty {
                    task: record.task,
                    finish: record.finish,
                    again,
                });
            }
        }
        match locked.replace(&fresh, || install(fd.as_fd())) {
            Ok(()) => *self.files.replies.lock() = fd,
            Err(error) => estate.refused = Some(error),
        }
        Ok(Some(estate))
    }
}

#[cfg(all(test, not(miri)))]
mod tests {
    use super::*;
    use crate::error::{Rejected, TaskError};
    use crate::executor::WhenFull;
    use crate::future::Future;
    use crate::process::answer::finish_value;
    use crate::process::builder::WhenWorkerDies;
    use crate::process::desk::Desk;
    use crate::process::pool::{Config, Pool};
    use crate::process::submit::{Call, submit};
    use crate::shm::{Body, Seq, Worker};
    use crate::sync::Arc;
    use crate::sys::events::{Event, Poller};
    use std::time::Duration;

    /// A pool without threads, whose only worker the test plays.
    fn pool() -> Arc<Pool> {
        let config = Config {
            name: "grave".to_owned(),
            when_full: WhenFull::Block,
            settings: Default::default(),
            max_age: None,
            max_memory: None,
            when_worker_dies: WhenWorkerDies::Replace,
            restarts: 0,
            restart_window: Duration::ZERO,
            kill_grace: Duration::ZERO,
        };
        let lane = Lane::new(0, "grave-0".to_owned(), None).unwrap();
        let (desk, bell) = (Desk::new().unwrap(), Event::new().unwrap());
        let ears = Poller::new().unwrap();
        Arc::new(Pool::of(config, Box::new([lane]), desk, bell, ears))
    }

    #[test]
    fn a_lane_without_memory_for_another_worker_ends_in_order() {
        let pool = pool();
        let lane = &pool.lanes[0];
        let call = Call {
            entry: Ok(0),
            finish: finish_value::<u64>,
        };
        let send = || -> Future<u64> { submit(&pool, &call, &5u64, None) };
        let (answered, run, waiting) = (send(), send(), send());
        let requests = Segment::adopt(&lane.files.requests).unwrap();
        let replies = Segment::adopt(&lane.files.replies.lock()).unwrap();
        let mut worker = Worker::new(requests, replies, Seq(0), || {});
        let request = worker.next().unwrap();
        let seven = 7u64.to_ne_bytes();
        worker.reply(request.seq, Status::Value as u32, Body::Inline(&seven));
        worker.next().unwrap();
        drop(worker);

        let refused = |_: BorrowedFd<'_>| {
            // A file that cannot be mapped so: what was there is gone all the same.
            lane.shm.install(lane.files.requests.as_fd())
        };
        let estate = lane.bury_with(refused).unwrap().unwrap();
        assert!(estate.refused.is_some() && estate.wild.is_none());
        for answer in estate.answered {
            pool.ready.answer(0, answer);
        }
        pool.ready
            .fail(estate.casualty.unwrap().task, TaskError::TimedOut);
        pool.break_down("no memory".to_owned());
        while pool.ready.serve(&pool) {}
        assert_eq!(answered.result().unwrap(), 7);
        assert!(matches!(run.result(), Err(TaskError::TimedOut)));
        let outcome = waiting.result();
        assert!(
            matches!(&outcome, Err(TaskError::Rejected(Rejected::Broken { why, .. })) if why == "no memory"),
            "{outcome:?}"
        );
        // Who comes later is told, too.
        assert!(send().result().is_err());
    }
}
