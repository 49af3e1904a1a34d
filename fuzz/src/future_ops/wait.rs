//! Waiting for many, on one thread: `wait` and `as_completed`.

use super::machine::{Handle, Machine};
use super::model::{Poller, Set};
use super::{Form, When};
use futures_core::Stream;
use raddle::{
    FutureState, ReturnWhen, TimedOut, Waitable, Waited, as_completed, wait, wait_timeout,
};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

fn is_in(which: u8, at: usize) -> bool {
    which >> at & 1 != 0
}

/// Blocks only if the condition holds already.
fn wait_now<F: Waitable>(futures: Vec<F>, when: ReturnWhen, holds: bool) -> Waited<F> {
    if holds {
        wait(futures, when)
    } else {
        wait_timeout(futures, when, Duration::ZERO)
    }
}

fn keys<F>(futures: &[(usize, F)]) -> Vec<usize> {
    futures.iter().map(|(at, _)| *at).collect()
}

impl Machine {
    pub fn wait(&mut self, which: u8, when: When, form: Form) {
        let fits = |at: &usize| {
            let handle = &self.slots[*at].handle;
            is_in(which, *at)
                && match form {
                    Form::Owned | Form::Borrowed => matches!(handle, Handle::One(_)),
                    Form::Shared => matches!(handle, Handle::Shared(_)),
                }
        };
        let chosen: Vec<usize> = (0..self.slots.len()).filter(fits).collect();
        let futures = &self.model.futures;
        let (done, not_done): (Vec<usize>, Vec<usize>) =
            chosen.iter().partition(|at| futures[**at].is_done());
        let failed = |at: &usize| futures[*at].state == FutureState::Failed;
        let (when, holds) = match when {
            When::FirstCompleted => (ReturnWhen::FirstCompleted, !done.is_empty()),
            When::FirstError => (ReturnWhen::FirstError, done.iter().any(failed)),
            When::AllCompleted => (ReturnWhen::AllCompleted, false),
        };
        let holds = holds || not_done.is_empty();
        let found = match form {
            Form::Owned => {
                let owned = chosen.iter().map(|at| match self.take_one(*at) {
                    Some(Handle::One(future)) => (*at, future),
                    _ => unreachable!("chosen as one"),
                });
                let owned = owned.collect();
                let waited = wait_now(owned, when, holds);
                let found = (keys(&waited.done), keys(&waited.not_done), waited.timed_out);
                for (at, future) in waited.done.into_iter().chain(waited.not_done) {
                    self.slots[at].handle = Handle::One(future);
                }
                found
            }
            Form::Borrowed => {
                let borrowed = chosen.iter().map(|at| match &self.slots[*at].handle {
                    Handle::One(future) => (*at, future),
                    _ => unreachable!("chosen as one"),
                });
                let waited = wait_now(borrowed.collect(), when, holds);
                (keys(&waited.done), keys(&waited.not_done), waited.timed_out)
            }
            Form::Shared => {
                let clones = chosen.iter().map(|at| match &self.slots[*at].handle {
                    Handle::Shared(clones) => (*at, clones[0].1.clone()),
                    _ => unreachable!("chosen as shared"),
                });
                let waited = wait_now(clones.collect(), when, holds);
                (keys(&waited.done), keys(&waited.not_done), waited.timed_out)
            }
        };
        assert_eq!(found, (done, not_done, !holds), "wait {when:?}");
        if !chosen.is_empty() {
            self.marks.reach(match (holds, when) {
                (false, _) => "wait timed out",
                (_, ReturnWhen::FirstError) => "first error",
                _ => "first completed",
            });
        }
    }

    pub fn set(&mut self, which: u8) -> Option<()> {
        if self.set.is_some() {
            return None;
        }
        let mut members = Vec::new();
        let mut set = Set::default();
        for at in 0..self.slots.len() {
            if is_in(which, at)
                && let Some(Handle::One(future)) = self.take_one(at)
            {
                self.slots[at].handle = Handle::InSet;
                set.inside.push(at);
                if self.model.futures[at].is_done() {
                    set.arrived.push_back(at);
                }
                members.push((at, future));
            }
        }
        set.total = members.len();
        let real = as_completed(members);
        assert_eq!(real.len(), set.total);
        self.set = Some(real);
        self.model.set = Some(set);
        Some(())
    }

    /// The next one that the model knows to be done.
    fn expect_next(&mut self) -> Option<usize> {
        let set = self.model.set.as_mut()?;
        let at = set.arrived.pop_front()?;
        set.inside.retain(|inside| *inside != at);
        Some(at)
    }

    pub fn set_poll(&mut self, waker: usize) -> Option<()> {
        let real = self.waker(waker);
        let mut context = Context::from_waker(&real);
        let polled = Pin::new(self.set.as_mut()?).poll_next(&mut context);
        let expected = self.expect_next();
        match polled {
            Poll::Pending => {
                let set = self.model.set.as_mut()?;
                assert!(expected.is_none() && !set.inside.is_empty());
                set.waker = Some(waker);
                self.marks.reach("set pending");
            }
            Poll::Ready(Some((at, future))) => {
                assert_eq!(Some(at), expected, "order of completion");
                self.slots[at].handle = Handle::One(future);
                self.marks.reach("set item");
            }
            Poll::Ready(None) => {
                assert!(self.model.set.as_ref()?.inside.is_empty());
                self.marks.reach("set ended");
            }
        }
        Some(())
    }

    pub fn set_next(&mut self) -> Option<()> {
        let set = self.model.set.as_ref()?;
        // It would sleep for ever.
        if set.arrived.is_empty() && !set.inside.is_empty() {
            return None;
        }
        let left = set.inside.len();
        let expected = self.expect_next();
        let real = self.set.as_mut()?;
        assert_eq!(Iterator::size_hint(real), (left, Some(left)));
        let next = real.next();
        assert_eq!(next.as_ref().map(|(at, _)| *at), expected);
        if let Some((at, future)) = next {
            self.slots[at].handle = Handle::One(future);
        }
        Some(())
    }

    pub fn set_timeout(&mut self) -> Option<()> {
        let mut real = self.set.take()?.timeout(Duration::ZERO);
        while let Some(at) = self.expect_next() {
            let (key, future) = real.next()?.expect("done ones come in any time");
            assert_eq!(key, at, "order of completion");
            self.slots[at].handle = Handle::One(future);
        }
        let set = self.model.set.take()?;
        if !set.inside.is_empty() {
            let late = real.next().expect("the limit is told").err();
            let unfinished = set.inside.len();
            let total = set.total;
            assert_eq!(late, Some(TimedOut { unfinished, total }));
            self.marks.reach("set timed out");
        }
        assert!(real.next().is_none(), "nothing comes after the end");
        self.put_back(&set, real.into_remaining());
        Some(())
    }

    fn put_back(
        &mut self,
        set: &Set,
        remaining: Vec<(usize, raddle::Future<super::machine::Value>)>,
    ) {
        assert_eq!(keys(&remaining), set.inside, "remaining");
        for (at, future) in remaining {
            self.slots[at].handle = Handle::One(future);
            self.marks.reach("set remaining");
        }
    }

    pub fn set_remaining(&mut self) -> Option<()> {
        let real = self.set.take()?;
        let set = self.model.set.take()?;
        self.put_back(&set, real.into_remaining());
        Some(())
    }

    pub fn set_drop(&mut self) -> Option<()> {
        let real = self.set.take()?;
        let set = self.model.set.take()?;
        for at in set.inside {
            self.slots[at].handle = Handle::Gone;
            self.model.drop_handle(at, Poller::Future);
        }
        drop(real);
        Some(())
    }
}
