//! What becomes of a lane whose worker is dead.

use super::answer::Finish;
use super::lane::{Argument, Lane};
use super::outcome::Status;
use super::pump::{Next, Taken};
use super::ticket::Ticket;
use crate::future::task::Task;
use crate::shm::{Payload, Replies, Segment};
use std::io;
use std::os::fd::AsFd;

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
}

impl Lane {
    /// Takes out what the dead worker had answered and the task that it ran, and makes the lane fit for the next
    /// worker. None: somebody still reads an answer; try again.
    ///
    /// # Errors
    /// What the system says when it refuses fresh memory; the lane is then not to be used any more.
    pub fn bury(&self) -> io::Result<Option<Estate>> {
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
            }) = taken
            else {
                continue;
            };
            let bytes = match reply.payload {
                Payload::Inline(bytes) => bytes.as_slice().to_vec(),
                Payload::Span(span) => {
                    let bytes = self.shm.reply_region(span).to_vec();
                    locked.release(reply.seq);
                    bytes
                }
            };
            if Status::from_number(reply.status).is_none() {
                locked.data().condemned = Some(format!("it answered with status {}", reply.status));
            }
            estate.answered.push(Answered {
                task,
                finish,
                status: reply.status,
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
        locked.replace(&fresh, || self.shm.install(fd.as_fd()))?;
        *self.files.replies.lock() = fd;
        Ok(Some(estate))
    }
}
