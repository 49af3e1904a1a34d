//! Deadlines: a task that has not begun by then is taken back, wherever it is.
//! Models: `verify/models/remote_moves.rs`.

use super::pool::Pool;
use super::takeback::TakeBack;
use super::ticket::{Options, Place, Ticket};
use crate::error::TaskError;
use crate::sync::{Arc, thread};

/// What became of a task whose time was over.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Expired {
    /// It has ended, now or before.
    Over,
    /// It runs there.
    Runs(Place),
}

impl Pool {
    /// The deadline of the task with these options has passed. Runs no code of the user.
    pub fn expire(&self, options: &Arc<Options>) -> Expired {
        let is_it = |cell| {
            // SAFETY: tasks in lanes have tickets.
            let ticket = unsafe { Ticket::of(cell) };
            let its = ticket.options.as_ref();
            its.is_some_and(|its| Arc::ptr_eq(its, options))
        };
        loop {
            let place = options.place();
            let lane = &self.lanes[place.lane];
            match lane.take_back(self, place.seq, is_it, |task| {
                task.end_failed(TaskError::TimedOut)
            }) {
                TakeBack::Won(ended) => {
                    if let Some(ended) = ended {
                        self.ready.conclude(ended);
                    }
                    lane.ring();
                    self.tell_room();
                    self.bell.ring();
                    return Expired::Over;
                }
                TakeBack::Running => return Expired::Runs(place),
                TakeBack::Coming => thread::yield_now(),
                TakeBack::Gone if options.place() != place => {}
                TakeBack::Gone => return Expired::Over,
            }
        }
    }
}
