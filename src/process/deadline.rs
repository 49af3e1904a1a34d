//! Deadlines: a task that has not begun by then is taken back, wherever it is.
//! Models: `verify/src/scenarios/remote_moves.rs`.

use super::pool::Pool;
use super::takeback::{self, TakeBack};
use super::ticket::{Options, Place, Ticket};
use crate::error::TaskError;
use crate::future::task::Task;
use crate::sync::Arc;

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
        let end = |task: Task| task.end_failed(TaskError::TimedOut);
        match takeback::take_back(self, || options.place(), is_it, end) {
            (TakeBack::Won(ended), place) => {
                if let Some(ended) = ended {
                    self.ready.conclude(ended);
                }
                self.lanes[place.lane].ring();
                self.tell_room();
                self.bell.ring();
                Expired::Over
            }
            (TakeBack::Running, place) => Expired::Runs(place),
            (TakeBack::Gone, _) => Expired::Over,
        }
    }
}
