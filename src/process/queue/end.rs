//! The ends of a queue in one process, and how they travel.
//!
//! An [`End`] is what all clones of a handle share. In the process that made the queue there is one of each kind. A worker has one for
//! each end that came with a task. So a clone changes nothing in the shared memory.

use crate::process::queue::registry;
use crate::process::wire::attach;
use crate::shm::Segment;
use crate::shm::queue::{Kind, QueueSide, QueueWords, Shape};
use crate::sys::fork;
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::process::parent_id;
use std::sync::Arc;

/// A process's side of a queue, and how other processes get at it.
pub struct Side {
    pub queue: QueueSide,
    /// The file, in the process that made the queue.
    file: Option<OwnedFd>,
    /// The process that made the queue.
    maker: u32,
    /// The fork generation of the process that this side belongs to.
    generation: u32,
}

impl Side {
    /// Makes a queue. Called by the process whose workers will use it.
    ///
    /// # Errors
    /// The system refused the memory.
    pub fn make(shape: Shape, arena: usize) -> std::io::Result<Arc<Self>> {
        let (segment, file) = Segment::<QueueWords>::create(arena)?;
        let maker = std::process::id();
        segment.set_id(registry::next_id());
        let side = Arc::new(Self {
            queue: QueueSide::make(segment, shape, maker, registry::judge),
            file: Some(file),
            maker,
            generation: fork::generation(),
        });
        registry::add_made(&side);
        Ok(side)
    }

    /// Opens the queue of a ticket, or finds it open. Called by a worker.
    fn open(ticket: &Ticket) -> Result<Arc<Self>, String> {
        let is_it = |side: &Self| side.maker == ticket.maker && side.queue.id() == ticket.id;
        if let Some(side) = registry::find_joined(is_it) {
            return Ok(side);
        }
        let path = format!("/proc/{}/fd/{}", ticket.maker, ticket.file);
        // Not blocking: by now the number may be that of another file, of any kind.
        let mut options = File::options();
        options.read(true).write(true);
        let file = options.custom_flags(libc::O_NONBLOCK).open(&path);
        let no_memory = |error: std::io::Error| {
            format!(
                "this worker cannot open the queue's memory ({path}: {error}); it needs /proc and the right to open a file of its \
                 parent there"
            )
        };
        let file = OwnedFd::from(file.map_err(no_memory)?);
        let segment = Segment::<QueueWords>::open(&file).map_err(no_memory)?;
        let shape = Shape {
            bound: ticket.bound,
            item_bytes: ticket.item_bytes,
        };
        if segment.id() != ticket.id || shape.arena() != Some(segment.arena()) {
            return Err("the queue that it belongs to is gone".to_owned());
        }
        let side = Arc::new(Self {
            queue: QueueSide::join(segment, shape, std::process::id()),
            file: None,
            maker: ticket.maker,
            generation: fork::generation(),
        });
        registry::add_joined(&side);
        Ok(side)
    }

    /// Does it belong to a process from which this one was forked?
    pub fn is_forked(&self) -> bool {
        self.generation != fork::generation()
    }
}

/// What all clones of a handle share. Dropping it takes the end away.
pub struct End {
    pub side: Arc<Side>,
    pub kind: Kind,
    /// In a worker: the number of the end in the queue's memory.
    sent: Option<usize>,
}

/// An end that is under way, as it travels.
#[derive(Serialize, Deserialize)]
pub struct Ticket {
    maker: u32,
    file: i32,
    id: u64,
    bound: u64,
    item_bytes: u64,
    end: u64,
}

/// Keeps an end that was sent with a task, until the task is over.
struct Tie {
    side: Arc<Side>,
    kind: Kind,
    index: usize,
}

impl End {
    /// An end of the process that made the queue.
    pub fn of_maker(side: &Arc<Side>, kind: Kind) -> Self {
        Self {
            side: Arc::clone(side),
            kind,
            sent: None,
        }
    }

    /// Sends the end with the task whose argument this thread describes.
    pub fn send(&self) -> Result<Ticket, String> {
        let Side { queue, file, .. } = &*self.side;
        if self.side.is_forked() {
            return Err("an end of a queue cannot be sent by a forked child".to_owned());
        }
        let index = match (self.sent, file) {
            // It is being read, and written again to find out what was read.
            (Some(index), _) if attach::reads() => index,
            (None, Some(_)) if attach::describes() => {
                let index = queue.offer(self.kind).ok_or(
                    "too many ends of the queue are on their way to workers, or in use there",
                )?;
                attach::attach(Tie {
                    side: Arc::clone(&self.side),
                    kind: self.kind,
                    index,
                });
                index
            }
            _ => {
                return Err(
                    "an end of a queue travels in the argument of a task, from the process that made the queue to a worker of its \
                     pools, and in no other way"
                        .to_owned(),
                );
            }
        };
        let Shape { bound, item_bytes } = queue.shape();
        Ok(Ticket {
            maker: self.side.maker,
            file: file.as_ref().map_or(-1, AsRawFd::as_raw_fd),
            id: queue.id(),
            bound,
            item_bytes,
            end: index as u64,
        })
    }

    /// Takes an end that came with a task. Called by a worker.
    pub fn receive(ticket: &Ticket, kind: Kind) -> Result<Arc<Self>, String> {
        if ticket.maker == std::process::id() {
            return Err(
                "an end of a queue came back to the process that made the queue; clone the end there"
                    .to_owned(),
            );
        }
        if ticket.maker != parent_id() || !attach::reads() {
            return Err(format!(
                "an end of a queue goes to a worker of a pool of the process that made the queue (process {}), and this is none",
                ticket.maker
            ));
        }
        let index = ticket.end as usize;
        let is_it = |end: &Arc<Self>| {
            end.kind == kind && end.sent == Some(index) && end.side.queue.id() == ticket.id
        };
        if let Some(end) = attach::kept(is_it) {
            return Ok(end);
        }
        let side = Side::open(ticket)?;
        if !side.queue.accept(index, kind) {
            return Err("the end was not sent with this task, or was taken before".to_owned());
        }
        let end = Arc::new(Self {
            side,
            kind,
            sent: Some(index),
        });
        attach::keep(Arc::clone(&end));
        Ok(end)
    }
}

impl Drop for End {
    fn drop(&mut self) {
        let queue = &self.side.queue;
        match self.sent {
            // A forked child has copies of ends, which are none.
            _ if self.side.is_forked() => {}
            None => {
                queue.unmake(self.kind);
                registry::forget_unused();
            }
            Some(index) => queue.leave(index, self.kind),
        }
    }
}

impl Drop for Tie {
    fn drop(&mut self) {
        if !self.side.is_forked() {
            self.side.queue.untie(self.index, self.kind);
            registry::forget_unused();
        }
    }
}
