//! The worker's loop: takes requests from its lane, runs their tasks, and replies.
//!
//! All of this happens on the process's main thread. A reply is committed when all of it is written. A process that ends before
//! the commit has not replied; one that ends after it has replied.

use crate::process::wire::outcome::Status;
use crate::process::worker::call::TaskCall;
use crate::process::worker::start::WorkerConfig;
use crate::process::worker::task_code;
use crate::shm::{Body, Replies, Requests, Segment, Seq, WorkerEnd};
use crate::sys::myself;
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::OwnedFd;

/// The exit code of a worker that cannot notify its parent of replies.
const CANNOT_NOTIFY: i32 = 122;

/// A [`WorkerEnd`], with what the loop needs.
pub struct WorkerLane {
    worker: WorkerEnd,
    name: String,
    /// How many tasks it may still run, if that is limited.
    left: Option<u64>,
    address_space: u64,
}

impl WorkerLane {
    /// Maps the lane's memory. Keeps `event`; the caller closes the two descriptors of the memory. Called by `prepare` at the worker's
    /// start.
    pub fn open(
        config: &WorkerConfig,
        requests: &OwnedFd,
        replies: &OwnedFd,
        event: OwnedFd,
    ) -> io::Result<Self> {
        let requests = Segment::<Requests>::open(requests)?;
        let replies = Segment::<Replies>::open(replies)?;
        let words = size_of::<Requests>() + size_of::<Replies>();
        let address_space = (requests.arena() + replies.arena() + words) as u64;
        let mut event = File::from(event);
        // The event does not block. If its counter is full, the parent was notified already. If a task has closed the
        // descriptor, the worker ends, which the parent notices.
        let notify = move || match event.write(&1u64.to_ne_bytes()) {
            Err(error) if error.kind() != io::ErrorKind::WouldBlock => myself::leave(CANNOT_NOTIFY),
            _ => {}
        };
        Ok(Self {
            worker: WorkerEnd::new(requests, replies, Seq(config.first), notify),
            name: config.name.clone(),
            left: config.max_tasks,
            address_space,
        })
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    /// The bytes of address space that the lane takes. Called by `prepare`, which adds them to the limit.
    pub fn address_space(&self) -> u64 {
        self.address_space
    }
}

/// Serves requests until the lane is closed, or the worker has run as many tasks as it may. Called by `Bootstrap::work`, when the
/// worker is ready.
pub fn work(lane: &mut WorkerLane) {
    let mut last = None;
    while lane.left != Some(0) {
        let Some(request) = lane.worker.next() else {
            return;
        };
        lane.left = lane.left.map(|left| left - 1);
        let worker = &mut lane.worker;
        let found = match last {
            Some((offset, found)) if offset == request.entry => Some(found),
            // SAFETY: the offset comes from the parent, which is of the same build (the fingerprint) and got it from
            // `task_code`; the worker cannot write to the request.
            _ => unsafe { task_code::resolve(request.entry) },
        };
        let Some((entry, is_described)) = found else {
            worker.reply(request.seq, Status::NoSuchCode as u32, Body::Inline(&[]));
            continue;
        };
        last = Some((request.entry, (entry, is_described)));
        let is_last = &mut false;
        entry(&mut TaskCall {
            worker,
            request,
            is_described,
            is_last,
        });
        if *is_last {
            return;
        }
    }
}
