//! What travels beside an argument: things that the parent keeps until the task is over, and things that a worker keeps while it
//! reads the argument.
//!
//! An end of a [queue](crate::process::queue()) is such a thing. While the parent describes an argument, the end's `Serialize` leaves
//! something here, and the submitter ties it to the task. While a worker reads an argument, the end's `Deserialize` finds here what
//! an earlier attempt at the same argument has made: a described argument may be read more than once.

use crate::future::Future;
use crate::sync;
use std::any::Any;
use std::cell::RefCell;

/// What the current thread does.
enum Doing {
    /// It describes the argument of a task.
    Describes(Attachments),
    /// It reads the argument of a task.
    Reads(Vec<Box<dyn Any>>),
}

sync::thread_local! {
    static DOING: RefCell<Option<Doing>> = const { RefCell::new(None) };
}

/// The things that live as long as a task.
#[derive(Default)]
#[must_use = "dropped, they end before the task"]
pub struct Attachments(Vec<Box<dyn Any + Send>>);

/// Ends what the thread does, also if it panics.
struct Scope(Option<Doing>);

impl Scope {
    fn enter(doing: Doing) -> Self {
        Self(DOING.with(|slot| slot.borrow_mut().replace(doing)))
    }

    fn leave(self) -> Option<Doing> {
        DOING.with(|slot| slot.borrow_mut().take())
    }
}

impl Drop for Scope {
    fn drop(&mut self) {
        let outer = self.0.take();
        // What is dropped here may run code that looks here.
        let inner = DOING.with(|slot| std::mem::replace(&mut *slot.borrow_mut(), outer));
        drop(inner);
    }
}

/// In the parent: describes an argument and returns what was attached to it.
pub fn describing<R>(describe: impl FnOnce() -> R) -> (R, Attachments) {
    let scope = Scope::enter(Doing::Describes(Attachments::default()));
    let described = describe();
    match scope.leave() {
        Some(Doing::Describes(attachments)) => (described, attachments),
        _ => (described, Attachments::default()),
    }
}

/// In the worker: reads an argument.
pub fn reading<R>(read: impl FnOnce() -> R) -> R {
    let _scope = Scope::enter(Doing::Reads(Vec::new()));
    read()
}

/// Attaches something to the argument that this thread describes.
pub fn attach<T: Send + 'static>(thing: T) {
    DOING.with(|slot| {
        if let Some(Doing::Describes(Attachments(attached))) = &mut *slot.borrow_mut() {
            attached.push(Box::new(thing));
        }
    });
}

/// Does this thread describe an argument?
pub fn describes() -> bool {
    DOING.with(|slot| matches!(&*slot.borrow(), Some(Doing::Describes(_))))
}

/// Does this thread read an argument?
pub fn reads() -> bool {
    DOING.with(|slot| matches!(&*slot.borrow(), Some(Doing::Reads(_))))
}

/// Keeps something until this thread has read the argument.
pub fn keep<T: 'static>(thing: T) {
    DOING.with(|slot| {
        if let Some(Doing::Reads(kept)) = &mut *slot.borrow_mut() {
            kept.push(Box::new(thing));
        }
    });
}

/// What an earlier attempt to read this argument has kept.
pub fn kept<T: Clone + 'static>(is_it: impl Fn(&T) -> bool) -> Option<T> {
    DOING.with(|slot| match &*slot.borrow() {
        Some(Doing::Reads(kept)) => {
            let mut found = kept.iter().filter_map(|kept| kept.downcast_ref::<T>());
            found.find(|&thing| is_it(thing)).cloned()
        }
        _ => None,
    })
}

impl Attachments {
    /// Drops them when the task is over.
    pub fn tie_to<T>(self, future: &Future<T>) {
        if !self.0.is_empty() {
            future.when_over(move || drop(self));
        }
    }
}
