//! A minimal parent: one lane, one worker, one request at a time.

use crate::codec::{self, Part, SliceSink};
use crate::error::{CodeError, TaskError};
use crate::process::wire::outcome::{self, OutcomeContext, Status};
use crate::process::wire::region::{RegionSink, RegionSource};
use crate::process::worker::start::{Launch, Settings, StartError, Started, start_worker};
use crate::shm::{ARENA, Body, INLINE, ParentEnd, Payload, Reply, Segment, Seq};
use crate::sys::pidfd::{Ended, Process};
use serde::Serialize;
use std::fs::File;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

pub const CONTEXT: OutcomeContext<'static> = OutcomeContext {
    task: None,
    worker: "raw",
};

/// Waits until the descriptor is readable, or its other end is closed.
pub fn wait_readable(fd: BorrowedFd<'_>) {
    let mut poll = libc::pollfd {
        fd: fd.as_raw_fd(),
        events: libc::POLLIN,
        revents: 0,
    };
    // SAFETY: one struct, which outlives the call.
    while unsafe { libc::poll(&raw mut poll, 1, -1) } != 1 {}
}

pub fn eventfd() -> OwnedFd {
    // SAFETY: numbers only.
    let fd = unsafe { libc::eventfd(0, libc::EFD_CLOEXEC | libc::EFD_NONBLOCK) };
    assert!(fd >= 0, "eventfd");
    // SAFETY: a new descriptor without another owner.
    unsafe { OwnedFd::from_raw_fd(fd) }
}

pub struct Raw {
    pub lane: ParentEnd<()>,
    pub started: Started,
}

impl Raw {
    pub fn new() -> Self {
        Self::with(&Settings::default()).expect("a worker")
    }

    /// Starts a worker and waits for its ready message.
    pub fn with(settings: &Settings) -> Result<Self, StartError> {
        Self::launch(settings, None)
    }

    pub fn launch(settings: &Settings, core: Option<usize>) -> Result<Self, StartError> {
        let (requests, requests_fd) = Segment::create(ARENA).unwrap();
        let (replies, replies_fd) = Segment::create(ARENA).unwrap();
        let requests_fd = Segment::<crate::shm::Requests>::read_only(requests_fd.as_fd()).unwrap();
        let event = eventfd();
        let first = Seq(u32::MAX - 1);
        let started = start_worker(&Launch {
            index: 0,
            name: "raw",
            settings,
            core,
            requests: requests_fd.as_fd(),
            replies: replies_fd.as_fd(),
            event: event.as_fd(),
            first: first.0,
        })?;
        let lane = ParentEnd::new(requests, replies, first, ());
        let raw = Self { lane, started };
        wait_readable(raw.started.control.as_fd());
        raw.started.ready().expect("it is readable")?;
        Ok(raw)
    }

    pub fn send<A: Serialize>(&self, entry: u64, arg: &A) -> Seq {
        let size = codec::size(arg, Part::Argument).unwrap();
        let seq = self.lane.reserve().expect("a free slot");
        if size <= INLINE {
            let mut bytes = vec![0; size];
            codec::write(arg, Part::Argument, SliceSink::new(&mut bytes)).unwrap();
            self.lane.publish(seq, entry, Body::Inline(&bytes));
        } else {
            let span = self.lane.allocate(size as u32).expect("memory");
            let sink = RegionSink::new(self.lane.request_region(span));
            codec::write(arg, Part::Argument, sink).unwrap();
            self.lane.publish(seq, entry, Body::Span(span));
        }
        seq
    }

    /// The next reply. `None`: the worker has ended without one.
    pub fn next(&self) -> Option<Reply> {
        loop {
            // Checked first: all replies that it committed before its end are there then.
            let ended = self.has_ended();
            let seen = self.lane.arm();
            if let Some(reply) = self.lane.lock().take().expect("no protocol violation") {
                self.lane.disarm();
                return Some(reply);
            }
            if ended {
                return None;
            }
            // A worker that dies does not notify: check again at intervals.
            let soon = std::time::Instant::now() + std::time::Duration::from_millis(20);
            self.lane.sleep(seen, Some(soon));
        }
    }

    fn has_ended(&self) -> bool {
        let mut poll = libc::pollfd {
            fd: self.started.process.as_fd().as_raw_fd(),
            events: libc::POLLIN,
            revents: 0,
        };
        // SAFETY: one struct, which outlives the call.
        unsafe { libc::poll(&raw mut poll, 1, 0) > 0 }
    }

    pub fn read<R: crate::executor::Payload>(&self, reply: &Reply) -> Result<R, TaskError> {
        let status = Status::from_number(reply.status).expect("a status");
        match &reply.payload {
            Payload::Inline(bytes) => outcome::value(status, bytes.as_slice(), CONTEXT),
            Payload::Span(span) => {
                let source = RegionSource::new(self.lane.reply_region(*span));
                let outcome = outcome::value(status, source, CONTEXT);
                self.lane.lock().release(reply.seq);
                outcome
            }
        }
    }

    pub fn call<A: Serialize, R: crate::executor::Payload>(
        &self,
        entry: Result<u64, CodeError>,
        arg: A,
    ) -> Result<R, TaskError> {
        let seq = self.send(entry.unwrap(), &arg);
        let reply = self.next().expect("the worker lives");
        assert_eq!(reply.seq, seq);
        self.read(&reply)
    }

    pub fn end(self) -> Ended {
        self.lane.close();
        self.started.process.wait_for_end().unwrap()
    }
}

/// Leaves no process behind, even if the test fails.
impl Drop for Raw {
    fn drop(&mut self) {
        let _ = self.started.process.signal(libc::SIGKILL);
        let _ = self.started.process.wait_for_end();
    }
}

/// Reads a stream to its end.
pub fn read_all(fd: &OwnedFd) -> String {
    use std::io::Read;
    let mut file = File::from(fd.try_clone().unwrap());
    let mut bytes = Vec::new();
    loop {
        wait_readable(fd.as_fd());
        let mut some = [0; 4096];
        match file.read(&mut some) {
            Ok(0) => return String::from_utf8(bytes).unwrap(),
            Ok(length) => bytes.extend(&some[..length]),
            Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::WouldBlock),
        }
    }
}

/// Waits for the end of a process that is not our child.
pub fn wait_until_gone(process: &Process) {
    wait_readable(process.as_fd());
}
