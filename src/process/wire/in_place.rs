//! Bytes that a task reads where they lie, and writes where its parent will read them.
//!
//! What serde carries is copied four times on its way there and back: into the lane and out of it, and again with the
//! result. [`ProcessPool::submit_bytes`](crate::ProcessPool::submit_bytes) needs two: the parent writes the argument into the
//! lane, and copies the result out of it.
//!
//! # Why this is sound
//! - [`BytesIn`] is a slice of the request's memory. The parent wrote it before it published the request, and does not
//!   touch it before the request is answered: what a worker has begun is not taken back. The worker's mapping is
//!   read-only. So the bytes are there and stay the same as long as the task runs, which is what `'a` stands for: a task
//!   is `for<'a> Fn(BytesIn<'a>) -> BytesOut<'a>`, so nothing that borrows them gets into a static, into a thread that
//!   goes on, or into what the task returns. There is nothing to count, and nothing that could be forgotten.
//! - [`BytesOut`] is a part of the worker's own arena, taken for this answer and given back with it. The parent looks at it
//!   once it is answered, and copies it out before it believes a byte of it, since a wild worker may go on writing.
//! - A result that is the argument itself is not written at all: the parent copies out of its own memory.

use crate::error::TooLong;
use crate::process::wire::outcome::{RETURNED, Status};
use crate::shm::{Body, INLINE, Seq, Span, TooLarge, WorkerEnd};
use std::cell::RefCell;
use std::fmt;
use std::ops::{Deref, DerefMut};

/// The worker's end of the lane, while a task runs.
type Lender<'a> = &'a RefCell<&'a mut WorkerEnd>;

/// The argument of a task of [`ProcessPool::submit_bytes`](crate::ProcessPool::submit_bytes): bytes that lie in memory shared with
/// the parent, borrowed for as long as the task runs. Dereferences to the slice; [`to_vec`](slice::to_vec) makes a copy
/// to keep.
///
/// ```
/// use raddle::{BytesIn, BytesOut, ProcessPool};
///
/// fn reversed(bytes: BytesIn<'_>) -> BytesOut<'_> {
///     let mut out = bytes.out(bytes.len());
///     out.copy_from_slice(&bytes);
///     out.reverse();
///     out
/// }
///
/// let pool = ProcessPool::new(1)?;
/// assert_eq!(pool.submit_bytes(reversed, b"warp").result().unwrap(), b"praw");
/// # Ok::<(), raddle::BuildError>(())
/// ```
///
/// What borrows the bytes ends with the task:
///
/// ```compile_fail
/// use raddle::{BytesIn, BytesOut, ProcessPool};
/// use std::sync::Mutex;
///
/// static KEPT: Mutex<&[u8]> = Mutex::new(&[]);
///
/// fn keep(bytes: BytesIn<'_>) -> BytesOut<'_> {
///     *KEPT.lock().unwrap() = bytes.as_slice();
///     bytes.pass_on()
/// }
///
/// let pool = ProcessPool::new(1).unwrap();
/// pool.submit_bytes(keep, b"warp").result().unwrap();
/// ```
#[derive(Clone, Copy)]
pub struct BytesIn<'a> {
    bytes: &'a [u8],
    lender: Lender<'a>,
}

impl<'a> BytesIn<'a> {
    pub(in crate::process) fn new(bytes: &'a [u8], lender: Lender<'a>) -> Self {
        Self { bytes, lender }
    }

    /// The bytes, for as long as the task runs.
    pub fn as_slice(&self) -> &'a [u8] {
        self.bytes
    }

    /// A result of `len` bytes, to be written. Until then they are what an earlier answer has left there, or zeroes.
    ///
    /// Blocks while answers that the parent has not read yet leave no room for it.
    ///
    /// # Panics
    /// If `len` is more than 2 GiB, or than finds room in the pool's [`arena`](crate::ProcessPoolBuilder::arena), which no
    /// answer can be.
    pub fn out(&self, len: usize) -> BytesOut<'a> {
        BytesOut {
            output: Output::new(len, self.lender),
            lender: self.lender,
        }
    }

    /// The argument as the result, as it is. Nothing is copied in the worker, unless the result is then changed.
    pub fn pass_on(self) -> BytesOut<'a> {
        BytesOut {
            output: Output::Argument(self.bytes),
            lender: self.lender,
        }
    }
}

impl Deref for BytesIn<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.bytes
    }
}

impl fmt::Debug for BytesIn<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("BytesIn").field(&self.bytes).finish()
    }
}

/// The result of a task of [`ProcessPool::submit_bytes`](crate::ProcessPool::submit_bytes), in memory shared with the
/// parent: made by [`BytesIn::out`] or [`BytesIn::pass_on`]. Dereferences to the slice, also for writing. One that
/// is dropped gives its memory back.
///
/// ```
/// use raddle::{BytesIn, BytesOut, ProcessPool};
///
/// fn stamped(bytes: BytesIn<'_>) -> BytesOut<'_> {
///     let mut out = bytes.pass_on(); // No copy yet,
///     if let Some(first) = out.first_mut() {
///         *first = b'*'; // but here.
///     }
///     out
/// }
///
/// let pool = ProcessPool::new(1)?;
/// assert_eq!(pool.submit_bytes(stamped, b"warp").result().unwrap(), b"*arp");
/// assert_eq!(pool.submit_bytes(stamped, b"").result().unwrap(), b"");
/// # Ok::<(), raddle::BuildError>(())
/// ```
pub struct BytesOut<'a> {
    output: Output<'a>,
    lender: Lender<'a>,
}

enum Output<'a> {
    /// The request's own bytes.
    Argument(&'a [u8]),
    /// Few enough to travel in the slot.
    Slot([u8; INLINE], usize),
    /// The span, and as many of its bytes as are the result.
    Arena(Span, &'a mut [u8]),
}

impl<'a> Output<'a> {
    const NONE: Self = Self::Slot([0; INLINE], 0);

    fn new(len: usize, lender: Lender<'a>) -> Self {
        if len <= INLINE {
            return Self::Slot([0; INLINE], len);
        }
        let mut worker = lender.borrow_mut();
        let span = u32::try_from(len).map_err(|_| worker.too_large());
        match span.and_then(|len| worker.space(len)) {
            // SAFETY: taken just now, for this place alone; when the place gives it up, it is gone. 'a ends with
            // the call.
            Ok(span) => Self::Arena(span, unsafe { worker.borrow_space(span) }),
            Err(TooLarge { limit }) => {
                panic!(
                    "a result of {len} bytes, which no lane of this pool takes: {}",
                    TooLong { limit }
                )
            }
        }
    }
}

impl BytesOut<'_> {
    /// Shortens the result to its first `len` bytes; for one that is no longer, nothing changes.
    ///
    /// ```
    /// use raddle::{BytesIn, BytesOut, ProcessPool};
    ///
    /// fn without_spaces(bytes: BytesIn<'_>) -> BytesOut<'_> {
    ///     let mut out = bytes.out(bytes.len());
    ///     let kept = bytes.iter().filter(|&&byte| byte != b' ');
    ///     let len = out.iter_mut().zip(kept).map(|(to, from)| *to = *from).count();
    ///     out.truncate(len);
    ///     out
    /// }
    ///
    /// let pool = ProcessPool::new(1)?;
    /// let text = pool.submit_bytes(without_spaces, b"warp and weft").result().unwrap();
    /// assert_eq!(text, b"warpandweft");
    /// # Ok::<(), raddle::BuildError>(())
    /// ```
    pub fn truncate(&mut self, len: usize) {
        if len >= self.len() {
            return;
        }
        match &mut self.output {
            Output::Argument(bytes) => {
                let kept = &bytes[..len];
                self.output = Output::new(len, self.lender);
                self.copy_from_slice(kept);
            }
            Output::Slot(_, filled) => *filled = len,
            Output::Arena(_, bytes) => *bytes = &mut std::mem::take(bytes)[..len],
        }
    }

    /// Answers the request with it.
    pub(in crate::process) fn reply(mut self, seq: Seq) {
        let mut worker = self.lender.borrow_mut();
        let status = Status::Value as u32;
        match &self.output {
            Output::Argument(bytes) if bytes.len() > INLINE => {
                worker.reply(seq, RETURNED, Body::Inline(&[]));
            }
            Output::Arena(span, bytes) if bytes.len() > INLINE => {
                worker.reply_part(seq, status, *span, bytes.len() as u32);
                // The lane's now.
                self.output = Output::NONE;
            }
            _ => worker.reply(seq, status, Body::Inline(&self)),
        }
    }
}

impl Deref for BytesOut<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match &self.output {
            Output::Argument(bytes) => bytes,
            Output::Slot(bytes, len) => &bytes[..*len],
            Output::Arena(_, bytes) => bytes,
        }
    }
}

impl DerefMut for BytesOut<'_> {
    fn deref_mut(&mut self) -> &mut [u8] {
        if let Output::Argument(argument) = self.output {
            self.output = Output::new(argument.len(), self.lender);
            self.copy_from_slice(argument);
        }
        match &mut self.output {
            Output::Argument(_) => unreachable!("replaced above"),
            Output::Slot(bytes, len) => &mut bytes[..*len],
            Output::Arena(_, bytes) => bytes,
        }
    }
}

impl Drop for BytesOut<'_> {
    fn drop(&mut self) {
        if let Output::Arena(span, _) = &self.output {
            let span = *span;
            self.output = Output::NONE;
            self.lender.borrow_mut().free(span);
        }
    }
}

impl fmt::Debug for BytesOut<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("BytesOut").field(&&**self).finish()
    }
}
