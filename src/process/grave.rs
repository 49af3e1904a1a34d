//! What becomes of a lane whose worker is dead.

use super::answer::Finish;
use super::lane::{Desk, Lane};
use super::outcome::Status;
use super::ticket::{Place, Ticket};
use crate::future::task::Task;
use crate::shm::{Locked, Payload, Replies, Segment, Seq};
use crate::sync::atomic::Ordering::*;
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
    pub place: Place,
    /// How many workers it has cost.
    pub deaths: u32,
    /// None: the next worker runs it again.
    pub lost: Option<Task>,
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
    /// worker. That task stays where it is, and runs again, if it has retries left and `again` allows it. None: somebody
    /// still reads an answer; try again.
    ///
    /// # Errors
    /// What the system says when it refuses fresh memory; the lane is then not to be used any more.
    pub fn bury(&self, again: impl FnOnce(Place) -> bool) -> io::Result<Option<Estate>> {
        let (fresh, fd) = Segment::<Replies>::create(0)?;
        self.bury_with(&fresh, again, || {
            self.shm.install(fd.as_fd())?;
            *self.files.replies.lock() = fd;
            Ok(())
        })
    }

    /// As [`bury`](Self::bury); `install` puts the fresh memory in the place of the old.
    pub(super) fn bury_with(
        &self,
        fresh: &Replies,
        again: impl FnOnce(Place) -> bool,
        install: impl FnOnce() -> io::Result<()>,
    ) -> io::Result<Option<Estate>> {
        let mut locked = self.shm.lock();
        if locked.reading() > 0 {
            return Ok(None);
        }
        let mut estate = Estate::default();
        while locked.data().condemned.is_none() {
            let (reply, record) = match self.take_answer(&mut locked) {
                Ok(Some(answer)) => answer,
                Ok(None) => break,
                Err(wild) => {
                    locked.data().condemned = Some(format!("it {wild}"));
                    break;
                }
            };
            let bytes = match reply.payload {
                Payload::Inline(bytes) => bytes.as_slice().to_vec(),
                Payload::Span(span) => {
                    let bytes = self.shm.reply_region(span).to_vec();
                    locked.release(reply.seq);
                    bytes
                }
            };
            // Without a record it had been taken back, and was skipped.
            if let Some(record) = record {
                self.free(record.span);
                if Status::from_number(reply.status).is_none() {
                    locked.data().condemned =
                        Some(format!("it answered with status {}", reply.status));
                }
                estate.answered.push(Answered {
                    task: record.task,
                    finish: record.finish,
                    status: reply.status,
                    bytes,
                });
            }
        }
        estate.wild = locked.data().condemned.take();
        if let Some(seq) = locked.casualty() {
            estate.casualty = self.find(&mut locked, seq, again);
        }
        locked.replace(fresh, install)?;
        Ok(Some(estate))
    }

    /// The task that a dead worker ran, and whether it is lost.
    fn find(
        &self,
        locked: &mut Locked<'_, Desk>,
        seq: Seq,
        again: impl FnOnce(Place) -> bool,
    ) -> Option<Casualty> {
        let lane = self.index;
        let place = Place { lane, seq };
        let (deaths, retries) = self.record(locked, seq, |record| {
            let record = record.as_ref()?;
            // SAFETY: tasks in lanes have tickets.
            let ticket = unsafe { Ticket::of(record.task.raw()) };
            Some(ticket.options.as_ref().map_or((1, 0), |options| {
                // ORDERING: options.deaths Relaxed: written under the lane's lock.
                let deaths = options.deaths.fetch_add(1, Relaxed) + 1;
                (deaths, options.retries)
            }))
        })?;
        let lost = if deaths <= retries && again(place) {
            locked.run_again(seq);
            None
        } else {
            let record = self.record(locked, seq, Option::take)?;
            self.free(record.span);
            Some(record.task)
        };
        Some(Casualty {
            place,
            deaths,
            lost,
        })
    }
}
