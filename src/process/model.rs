//! A pool without processes and threads, for the checkers: lanes in plain memory, whose workers the models play.

use super::answer::{Answer, Bytes, finish_value};
use super::attendant;
use super::builder::WhenWorkerDies;
use super::desk;
use super::lane::{Files, Lane};
use super::pool::{Config, Pool};
use super::pump::Taken;
use super::start::Settings;
use super::submit::{self, Call};
use super::ticket::Ticket;
use crate::executor::{self, WhenFull};
use crate::future::Future;
use crate::shm::{Parent, Payload};
use crate::sync::{Arc, Mutex};
use std::fs::File;
use std::time::Duration;

pub use super::lane::Desk;
pub use super::outcome::Status;
use crate::sys::events::Poller;

pub use crate::sys::events::Event;

/// What the models see of a pool. Its calls are those of the product.
#[derive(Clone)]
pub struct Model(Arc<Pool>);

/// Nobody looks at the descriptors.
fn nothing() -> std::os::fd::OwnedFd {
    File::open("/dev/null").expect("there is one").into()
}

impl Model {
    /// `bell` is what the attendant sleeps on; the workers ring it, too.
    #[allow(clippy::vec_box)]
    #[inline(never)]
    pub fn new(lanes: Vec<Box<Parent<Desk>>>, bell: &Event) -> Self {
        let config = Config {
            name: String::new(),
            when_full: WhenFull::Block,
            settings: Settings::default(),
            max_age: None,
            max_memory: None,
            when_worker_dies: WhenWorkerDies::Replace,
            restarts: 0,
            restart_window: Duration::ZERO,
            kill_grace: Duration::ZERO,
        };
        let lanes = lanes.into_iter().enumerate().map(|(index, shm)| {
            let files = Files {
                requests: nothing(),
                replies: Mutex::new(nothing()),
            };
            let lane = Lane::of(index, String::new(), None, *shm, bell.clone(), files);
            lane.set_pid(1);
            lane
        });
        let desk = desk::Desk::new().expect("made of memory");
        let lanes = lanes.collect();
        let ears = Poller::new().expect("nobody waits for it");
        Self(Arc::new(Pool::of(config, lanes, desk, bell.clone(), ears)))
    }

    #[inline(never)]
    pub fn submit<A: executor::Payload, R: executor::Payload>(&self, arg: &A) -> Future<R> {
        let call = Call {
            entry: Ok(0),
            finish: finish_value::<R>,
        };
        submit::submit(&self.0, &call, arg, None)
    }

    /// To one lane, whose worker is free or not.
    #[inline(never)]
    pub fn submit_to<A: executor::Payload, R: executor::Payload>(
        &self,
        lane: usize,
        arg: &A,
    ) -> Future<R> {
        let others = || self.0.lanes.iter().filter(|other| other.index != lane);
        others().for_each(|other| other.set_pid(0));
        let future = self.submit(arg);
        others().for_each(|other| other.set_pid(1));
        future
    }

    /// The attendant's thread, until [`stop`](Self::stop).
    #[inline(never)]
    pub fn attend(&self) {
        let mut seen = 0;
        attendant::attend(&self.0, |_| {
            self.0.bell.wait(seen);
            seen = self.0.bell.seen();
        });
    }

    /// As the supervisor at its end.
    #[inline(never)]
    pub fn stop(&self) {
        self.0.stop();
    }

    pub fn lane(&self, index: usize) -> &Parent<Desk> {
        &self.0.lanes[index].shm
    }

    #[inline(never)]
    pub fn pump(&self, lane: usize) {
        self.0.lanes[lane].pump(&self.0, 64);
    }

    /// Takes what is there, and tells nobody who sleeps for it.
    pub fn pump_in_silence(&self, lane: usize) {
        let lane = &self.0.lanes[lane];
        let mut taken = None;
        let mut locked = lane.shm.lock();
        let _ = lane.take_answer(&mut locked, |answer| taken = Some(answer));
        drop(locked);
        let Some(Taken {
            task: Some(task),
            finish,
            reply,
            ..
        }) = taken
        else {
            return;
        };
        let Payload::Inline(bytes) = &reply.payload else {
            unreachable!("short answers");
        };
        let answer = Answer {
            status: reply.status,
            bytes: Bytes::Private(bytes.as_slice()),
            lane,
        };
        // SAFETY: the record's own function.
        drop(unsafe { finish(task, &answer) });
    }

    /// Has the lead, and leaves without passing it on.
    pub fn lead_for_ever(&self, lane: usize) {
        self.0.lanes[lane].lead.abandon();
    }

    /// As the future does when a hook is added.
    #[inline(never)]
    pub fn engage<T>(&self, future: &Future<T>) {
        future.cell().engage();
    }

    /// The same but for its fence.
    #[inline(never)]
    pub fn engage_without_fence<T>(&self, future: &Future<T>) {
        // SAFETY: of this pool, and so with a ticket; the future keeps it alive.
        let ticket = unsafe { Ticket::of(future.cell()) };
        loop {
            let place = ticket.place();
            self.0.lanes[place.lane].engage(&self.0);
            if ticket.place() == place {
                return;
            }
        }
    }

    pub fn is_engaged(&self, lane: usize) -> bool {
        self.0.lanes[lane].ear.is_engaged()
    }

    /// Moves what waits behind the running task of a lane to another one.
    #[inline(never)]
    pub fn give(&self, from: usize, to: usize) -> usize {
        self.0.lanes[from].give(&self.0, &self.0.lanes[to])
    }
}
