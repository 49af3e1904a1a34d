//! Runs one task in a worker: decodes the argument, runs the task, and encodes the outcome into the reply.

use crate::codec::{self, Description, Part, PayloadError, PayloadReason, PayloadStage, SliceSink};
use crate::error::{BoxError, TaskError};
use crate::executor::{self, Chunk};
use crate::future::{current, panics};
use crate::process::wire::in_place::{BytesIn, BytesOut};
use crate::process::wire::outcome::{Chain, ChunkOutcomes, Panic, Status, unread_error};
use crate::process::wire::region::{RegionSink, RegionSource};
use crate::process::wire::{attach, form};
use crate::report;
use crate::shm::{Body, INLINE, Payload, Region, Request, Seq, Span, TooLarge, WorkerEnd};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::any::{Any, type_name};
use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// One request while its task runs. Made by [`serve`](super::serve::work), and used by the entry of the task, which calls one of the
/// `serve` methods. Each of these commits exactly one reply.
pub struct TaskCall<'a> {
    pub worker: &'a mut WorkerEnd,
    pub request: Request,
    /// The argument is a [`Description`].
    pub is_described: bool,
    /// Set by [`retire`](Self::retire): the worker ends after this request.
    pub is_last: &'a mut bool,
}

/// Why a task has no value.
enum TaskFailure {
    Payload(PayloadError),
    Failed(Chain),
}

/// Why a value could not be sent as the reply. No reply is committed then.
enum ReplyFailure {
    Payload(PayloadError),
    Panic(Box<dyn Any + Send>),
}

impl TaskCall<'_> {
    /// Replies with `()`, and makes the worker end. The request of a retirement.
    pub fn retire(&mut self) {
        *self.is_last = true;
        self.reply_with(&());
    }

    /// Decodes the argument, runs the task, and replies. A panic in any of these steps becomes the reply.
    pub fn serve<A: executor::Payload, R: executor::Payload>(
        &mut self,
        task: impl FnOnce(A) -> Result<R, BoxError>,
    ) {
        if let Some(value) = self.value(Self::argument, task) {
            self.reply_with(&value);
            report::contain_drop("result", || drop(value));
        }
    }

    /// As [`serve`](Self::serve), for a chunk of numbers.
    pub fn serve_numbers<A: DeserializeOwned, R: executor::Payload>(
        &mut self,
        task: impl FnOnce(Vec<A>) -> Chunk<R>,
    ) {
        self.serve_chunk(Self::plain_argument, task);
    }

    /// As [`serve`](Self::serve), for a chunk whose items are decoded one by one. Errors name the item's type `N`.
    pub fn serve_items<A: DeserializeOwned, N, R: executor::Payload>(
        &mut self,
        task: impl FnOnce(Vec<Result<A, TaskError>>) -> Chunk<R>,
    ) {
        self.serve_chunk(Self::items::<A, N>, task);
    }

    /// Runs a chunk and replies. If the results cannot be encoded together, they are described one by one.
    fn serve_chunk<A, R: executor::Payload>(
        &mut self,
        read: impl FnOnce(&Self) -> Result<A, PayloadError>,
        task: impl FnOnce(A) -> Chunk<R>,
    ) {
        let Some(outcomes) = self.value(read, |arg| Ok(ChunkOutcomes::new(task(arg)))) else {
            return;
        };
        let is_plain = form::is_plain::<R>()
            && match self.encode(Status::Value, &outcomes) {
                Ok(()) => true,
                Err(unsent) => {
                    report::contain_drop("panic payload", || drop(unsent));
                    false
                }
            };
        if is_plain {
            report::contain_drop("result", || drop(outcomes));
        } else {
            self.reply(Status::Described, &outcomes.described());
        }
    }

    /// Runs the task and returns its value. `None`: the task failed, and the failure was the reply.
    fn value<A, R>(
        &mut self,
        read: impl FnOnce(&Self) -> Result<A, PayloadError>,
        task: impl FnOnce(A) -> Result<R, BoxError>,
    ) -> Option<R> {
        match self.run(read, task) {
            Ok(Ok(value)) => return Some(value),
            Ok(Err(TaskFailure::Failed(chain))) => self.reply(Status::Failed, &chain),
            Ok(Err(TaskFailure::Payload(error))) => self.reply(Status::Payload, &error),
            Err(payload) => self.reply_panic(payload),
        }
        None
    }

    /// As [`serve`](Self::serve), for a task that reads its argument in the lane's memory.
    pub fn serve_bytes(
        &mut self,
        task: impl FnOnce(BytesIn<'_>) -> Result<BytesOut<'_>, BoxError>,
    ) {
        match self.run_bytes(task) {
            Ok(None) => {}
            Ok(Some(chain)) => self.reply(Status::Failed, &chain),
            Err(payload) => self.reply_panic(payload),
        }
    }

    /// Runs the task and sends its result. `Some`: the task returned an error, and no reply is committed.
    fn run_bytes(
        &mut self,
        task: impl FnOnce(BytesIn<'_>) -> Result<BytesOut<'_>, BoxError>,
    ) -> Result<Option<Chain>, Box<dyn Any + Send>> {
        let seq = self.request.seq;
        let bytes = match &self.request.payload {
            Payload::Inline(bytes) => bytes.as_slice(),
            // SAFETY: the reply is committed when the task has ended, here or by the caller, which has no access to the bytes.
            Payload::Span(span) => unsafe { self.worker.borrow_request(*span) },
        };
        let worker = RefCell::new(&mut *self.worker);
        let cancel_requested = || worker.borrow().is_stop_requested(seq);
        let running = current::enter_remote(&cancel_requested);
        // UNWIND: as in `run`; a result that was begun frees its memory when it is dropped.
        let ran = catch_unwind(AssertUnwindSafe(|| {
            task(BytesIn::new(bytes, &worker)).map_err(|error| Chain::new(&*error))
        }));
        drop(running);
        match ran? {
            Ok(out) => {
                out.reply(seq);
                Ok(None)
            }
            Err(chain) => Ok(Some(chain)),
        }
    }

    /// Decodes the argument and runs the task. `Err`: the payload of a panic.
    fn run<A, R>(
        &self,
        read: impl FnOnce(&Self) -> Result<A, PayloadError>,
        task: impl FnOnce(A) -> Result<R, BoxError>,
    ) -> Result<Result<R, TaskFailure>, Box<dyn Any + Send>> {
        let cancel_requested = || self.worker.is_stop_requested(self.request.seq);
        let _running = current::enter_remote(&cancel_requested);
        // UNWIND: nothing of ours is half done: the request is claimed, and no reply is begun.
        catch_unwind(AssertUnwindSafe(|| {
            let arg = read(self).map_err(TaskFailure::Payload)?;
            task(arg).map_err(|error| TaskFailure::Failed(Chain::new(&*error)))
        }))
    }

    fn argument<A: executor::Payload>(&self) -> Result<A, PayloadError> {
        if self.is_described {
            let description = self.plain_argument::<Description>()?;
            return attach::reading(|| description.read(Part::Argument));
        }
        self.plain_argument()
    }

    fn plain_argument<A: DeserializeOwned>(&self) -> Result<A, PayloadError> {
        match &self.request.payload {
            Payload::Inline(bytes) => codec::read(Part::Argument, bytes.as_slice()),
            Payload::Span(span) => codec::read(
                Part::Argument,
                RegionSource::new(self.worker.request_region(*span)),
            ),
        }
    }

    fn items<A: DeserializeOwned, N>(&self) -> Result<Vec<Result<A, TaskError>>, PayloadError> {
        let part = Part::Argument;
        let unread = |unread| unread_error(unread, None);
        match &self.request.payload {
            Payload::Inline(bytes) => codec::frames::<N, A, _, _>(part, bytes.as_slice(), unread),
            Payload::Span(span) => {
                let source = RegionSource::new(self.worker.request_region(*span));
                codec::frames::<N, A, _, _>(part, source, unread)
            }
        }
    }

    /// Replies with a value in the form that carries it, or with the reason why none does.
    fn reply_with<R: executor::Payload>(&mut self, value: &R) {
        let sent = match form::is_plain::<R>() {
            true => match self.encode(Status::Value, value) {
                Err(ReplyFailure::Payload(error)) if error.is_of_form() => self.describe(value),
                sent => sent,
            },
            false => self.describe(value),
        };
        match sent {
            Ok(()) => {}
            Err(ReplyFailure::Payload(error)) => self.reply(Status::Payload, &error),
            Err(ReplyFailure::Panic(payload)) => self.reply_panic(payload),
        }
    }

    /// Replies with the description of a value. Fails as [`encode`](Self::encode) does.
    #[cold]
    fn describe<R: Serialize>(&mut self, value: &R) -> Result<(), ReplyFailure> {
        let description = contained(|| Description::of(value, Part::Result))?;
        self.encode(Status::Described, &description)
    }

    /// Replies with a value. If the user's `Serialize` fails or panics, no reply is committed.
    fn encode<R: Serialize>(&mut self, status: Status, value: &R) -> Result<(), ReplyFailure> {
        contained(|| self.send(status, value))
    }

    #[cold]
    fn reply_panic(&mut self, payload: Box<dyn Any + Send>) {
        let report = panics::report(payload, None);
        self.reply(Status::Panicked, &Panic::new(&report));
        report::contain_drop("panic payload", || drop(report));
    }

    /// Replies with a value of this crate's own types. Their encoding fails only if they take gigabytes.
    #[cold]
    fn reply<T: Serialize>(&mut self, status: Status, value: &T) {
        if let Err(error) = self.send(status, value) {
            self.send(Status::Payload, &error)
                .expect("an error of a payload is small");
        }
    }

    /// Encodes a value into the slot, or into the arena, and commits the reply. After an error or a panic no reply is committed.
    /// Blocks while the arena is full.
    #[inline]
    fn send<T: Serialize>(&mut self, status: Status, value: &T) -> Result<(), PayloadError> {
        let size = codec::size(value, Part::Result)?;
        let seq = self.request.seq;
        if size <= INLINE {
            let mut bytes = [0; INLINE];
            let bytes = &mut bytes[..size];
            codec::write(value, Part::Result, SliceSink::new(bytes))?;
            self.worker.reply(seq, status as u32, Body::Inline(bytes));
            return Ok(());
        }
        let too_large = |TooLarge { limit }| {
            let reason = PayloadReason::NoRoom { limit };
            PayloadError::new(PayloadStage::EncodeResult, type_name::<T>(), reason)
        };
        // A size that the codec returns fits 32 bits.
        let span = ReplySpan::new(self.worker, size as u32).map_err(too_large)?;
        codec::write(value, Part::Result, RegionSink::new(span.region()))?;
        span.commit(seq, status);
        Ok(())
    }
}

/// Runs the user's `Serialize` and contains its panics.
fn contained<T>(encode: impl FnOnce() -> Result<T, PayloadError>) -> Result<T, ReplyFailure> {
    let _running = current::enter_remote(&|| false);
    // UNWIND: no reply is committed yet; `ReplySpan` frees its span.
    match catch_unwind(AssertUnwindSafe(encode)) {
        Ok(encoded) => encoded.map_err(ReplyFailure::Payload),
        Err(payload) => Err(ReplyFailure::Panic(payload)),
    }
}

/// The span of a reply in the arena. Dropping it frees the span, unless the reply is committed.
struct ReplySpan<'a> {
    worker: &'a mut WorkerEnd,
    span: Span,
    committed: bool,
}

impl<'a> ReplySpan<'a> {
    fn new(worker: &'a mut WorkerEnd, size: u32) -> Result<Self, TooLarge> {
        let span = worker.allocate(size)?;
        Ok(Self {
            worker,
            span,
            committed: false,
        })
    }

    fn region(&self) -> Region<'_> {
        self.worker.reply_region(self.span)
    }

    fn commit(mut self, seq: Seq, status: Status) {
        self.committed = true;
        self.worker.reply(seq, status as u32, Body::Span(self.span));
    }
}

impl Drop for ReplySpan<'_> {
    fn drop(&mut self) {
        if !self.committed {
            self.worker.free(self.span);
        }
    }
}
