//! The payloads of [`ProcessPool::submit_bytes`](crate::ProcessPool::submit_bytes): a task reads its argument and writes its result
//! in the lane's memory.
//!
//! A payload that serde carries is copied four times: into the lane and out of it, and the same for the result. `submit_bytes`
//! makes two copies: the parent copies the argument into the lane, and the result out of it.
//!
//! # Why this is sound
//! - [`BytesIn`] is a slice of the request's memory. The parent wrote it before it published the request, and does not
//!   touch it before the reply: a task that a worker has begun is not revoked. The worker's mapping is read-only. So the bytes
//!   exist and do not change while the task runs. The lifetime `'a` expresses this: a task is
//!   `for<'a> Fn(BytesIn<'a>) -> BytesOut<'a>`, so nothing that borrows the bytes can get into a static, into a thread that
//!   outlives the task, or into the task's result. No reference count is needed, and no destructor has to run.
//! - [`BytesOut`] is a part of the worker's own arena, allocated for this reply and freed with it. The parent reads it after the
//!   reply, and copies it before it uses a byte, since a worker that violates the protocol may go on writing.
//! - A result that is the argument itself is not written: the parent copies it out of its own memory.

use crate::error::TooLong;
use crate::process::wire::outcome::{RETURNED, Status};
use crate::shm::{Body, INLINE, Seq, Span, TooLarge, WorkerEnd};
use std::cell::RefCell;
use std::fmt;
use std::ops::{Deref, DerefMut};

/// The worker's end of the lane, while a task runs.
type Lender<'a> = &'a RefCell<&'a mut WorkerEnd>;

/// The argument of a task of [`ProcessPool::submit_bytes`](crate::ProcessPool::submit_bytes): bytes in memory shared with the
/// parent, borrowed while the task runs. Dereferences to the slice. [`to_vec`](slice::to_vec) makes a copy that the task can keep.
///
/// ```
/// use raddle::process::{BytesIn, BytesOut};
/// use raddle::ProcessPool;
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
/// A borrow of the bytes cannot outlive the task:
///
/// ```compile_fail
/// use raddle::process::{BytesIn, BytesOut};
/// use raddle::ProcessPool;
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

    /// Returns the bytes, borrowed while the task runs.
    pub fn as_slice(&self) -> &'a [u8] {
        self.bytes
    }

    /// Allocates a result of `len` bytes, for the task to write. Its initial bytes are zeroes or remains of an earlier result.
    ///
    /// Blocks while results that the parent has not read yet fill the arena.
    ///
    /// # Panics
    /// If `len` is more than 2 GiB, or more than fits into the pool's [`arena`](crate::process::ProcessPoolBuilder::arena).
    pub fn out(&self, len: usize) -> BytesOut<'a> {
        BytesOut {
            output: Output::new(len, self.lender),
            lender: self.lender,
        }
    }

    /// Returns the argument itself as the result. Nothing is copied in the worker, unless the task then changes the result.
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

/// The result of a task of [`ProcessPool::submit_bytes`](crate::ProcessPool::submit_bytes), in memory shared with the parent.
/// Returned by [`BytesIn::out`] and [`BytesIn::pass_on`]. Dereferences to the slice, mutably too. Dropping it frees its memory.
///
/// ```
/// use raddle::process::{BytesIn, BytesOut};
/// use raddle::ProcessPool;
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
    /// The argument, unchanged.
    Argument(&'a [u8]),
    /// Bytes that fit into the slot, and how many there are.
    Slot([u8; INLINE], usize),
    /// The span, and those of its bytes that are the result.
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
        match span.and_then(|len| worker.allocate(len)) {
            // SAFETY: just allocated for this output alone, which frees it only when it is dropped or replaced. 'a ends
            // with the task's call.
            Ok(span) => Self::Arena(span, unsafe { worker.borrow_allocated(span) }),
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
    /// Shortens the result to its first `len` bytes. Does nothing if the result is not longer than that.
    ///
    /// ```
    /// use raddle::process::{BytesIn, BytesOut};
    /// use raddle::ProcessPool;
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

    /// Sends the result as the reply to `seq`. Called when the task has returned it.
    pub(in crate::process) fn reply(mut self, seq: Seq) {
        let mut worker = self.lender.borrow_mut();
        let status = Status::Value as u32;
        match &self.output {
            Output::Argument(bytes) if bytes.len() > INLINE => {
                worker.reply(seq, RETURNED, Body::Inline(&[]));
            }
            Output::Arena(span, bytes) if bytes.len() > INLINE => {
                worker.reply_part(seq, status, *span, bytes.len() as u32);
                // The span belongs to the reply now.
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
