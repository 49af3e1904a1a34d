//! Names the code of a task for another process of the same build.
//!
//! For each type of task the compiler makes an *entry*, a function that decodes the argument, runs the task and encodes the
//! outcome, and a constant that names it ([`Named`]). A request carries the distance of that constant from an *anchor*, a function
//! of this crate. The distance is the same in all processes of one build, wherever the loader has put the program. Constant, entry
//! and anchor must lie in the program itself. Code of a shared library is refused, since the library may be at another address in
//! the next process, or not be loaded at all. The constant begins with a magic number that nothing else in the program has, so a
//! worker recognizes an entry.
//!
//! The task itself is zero-sized: a function item, or a closure that captures nothing. So only its code has to be named; the worker
//! makes the value (`materialize`).
//!
//! The submitter in the parent calls the `of_*` functions, the worker `resolve` and `resolve_hook`.

use crate::codec::{self, Description, Part, PayloadError};
use crate::error::{BoxError, CodeError, TaskError};
use crate::executor::{Chunk, Payload, WorkerInfo};
use crate::process::wire::attach;
use crate::process::wire::in_place::{BytesIn, BytesOut};
use crate::process::worker::call::TaskCall;
use crate::process::worker::image::{Image, Named, offset_of};

/// Decodes the argument of a request, runs one type of task, and replies.
pub type Entry = fn(&mut TaskCall<'_>);

/// Runs a hook.
pub type HookEntry = fn(&WorkerInfo) -> Result<(), BoxError>;

/// The offset in a request without a task: the anchor's, which is no entry.
pub const NONE: u64 = 0;

impl Named<Entry> {
    const MAGIC: [u64; 2] = [0x7f4a_9d1e_63c8_05b2, 0xe15b_2086_f9d7_4c3a];

    const fn task(run: Entry) -> Self {
        let magic = Self::MAGIC;
        Self { magic, run }
    }
}

impl Named<HookEntry> {
    const MAGIC: [u64; 2] = [0x3c96_e85f_0a71_d42b, 0x94d0_6b1f_c72e_8a53];

    const fn hook(run: HookEntry) -> Self {
        let magic = Self::MAGIC;
        Self { magic, run }
    }
}

/// The offset that names the entry of a task for `submit`.
pub fn of_submit<F, A, R>() -> Result<u64, CodeError>
where
    F: Fn(A) -> R + Copy + Send + 'static,
    A: Payload,
    R: Payload,
{
    fn entry<F, A, R>(call: &mut TaskCall<'_>)
    where
        F: Fn(A) -> R + Copy + Send + 'static,
        A: Payload,
        R: Payload,
    {
        call.serve(|arg: A| Ok::<R, BoxError>(materialize::<F>()(arg)));
    }
    zero_sized::<F>();
    offset_of_task(
        const { &Named::task(entry::<F, A, R>) },
        std::any::type_name::<F>,
    )
}

/// The offset that names the entry of a task for `try_submit`.
pub fn of_try_submit<F, A, R, E>() -> Result<u64, CodeError>
where
    F: Fn(A) -> Result<R, E> + Copy + Send + 'static,
    A: Payload,
    R: Payload,
    E: Into<BoxError> + 'static,
{
    fn entry<F, A, R, E>(call: &mut TaskCall<'_>)
    where
        F: Fn(A) -> Result<R, E> + Copy + Send + 'static,
        A: Payload,
        R: Payload,
        E: Into<BoxError> + 'static,
    {
        call.serve(|arg: A| materialize::<F>()(arg).map_err(Into::into));
    }
    zero_sized::<F>();
    offset_of_task(
        const { &Named::task(entry::<F, A, R, E>) },
        std::any::type_name::<F>,
    )
}

/// As [`of_chunk`], for a chunk whose items are described: the argument is the [`Frames`](codec::Frames) of
/// `Result<Description, PayloadError>`, since some items may have no description.
pub fn of_described_chunk<F, A, R>() -> Result<u64, CodeError>
where
    F: Fn(A) -> Result<R, TaskError> + Copy + Send + 'static,
    A: Payload,
    R: Payload,
{
    fn entry<F, A, R>(call: &mut TaskCall<'_>)
    where
        F: Fn(A) -> Result<R, TaskError> + Copy + Send + 'static,
        A: Payload,
        R: Payload,
    {
        type Item = Result<Description, PayloadError>;
        let task = |item: Result<Item, TaskError>| {
            let description = item??;
            materialize::<F>()(attach::reading(|| description.read(Part::Argument))?)
        };
        call.serve_items::<Item, A, R>(|chunk| Chunk::run(task, chunk));
    }
    zero_sized::<F>();
    offset_of_task(
        const { &Named::task(entry::<F, A, R>) },
        std::any::type_name::<F>,
    )
}

/// The offset that names the entry of a chunk.
///
/// The argument is a `Vec<A>` if `A` is a number, else [`Frames`](codec::Frames). The result is what
/// [`outcome::chunk`](crate::process::wire::outcome::chunk) decodes.
pub fn of_chunk<F, A, R>() -> Result<u64, CodeError>
where
    F: Fn(A) -> Result<R, TaskError> + Copy + Send + 'static,
    A: Payload,
    R: Payload,
{
    fn entry<F, A, R>(call: &mut TaskCall<'_>)
    where
        F: Fn(A) -> Result<R, TaskError> + Copy + Send + 'static,
        A: Payload,
        R: Payload,
    {
        if codec::is_number::<A>() {
            call.serve_numbers(|chunk: Vec<A>| Chunk::run(materialize::<F>(), chunk));
        } else {
            let task = |item: Result<A, TaskError>| materialize::<F>()(item?);
            call.serve_items::<A, A, R>(|chunk| Chunk::run(task, chunk));
        }
    }
    zero_sized::<F>();
    offset_of_task(
        const { &Named::task(entry::<F, A, R>) },
        std::any::type_name::<F>,
    )
}

/// The offset that names the entry of a task for `submit_bytes`.
pub fn of_bytes<F>() -> Result<u64, CodeError>
where
    F: Fn(BytesIn<'_>) -> BytesOut<'_> + Copy + Send + 'static,
{
    fn entry<F>(call: &mut TaskCall<'_>)
    where
        F: Fn(BytesIn<'_>) -> BytesOut<'_> + Copy + Send + 'static,
    {
        call.serve_bytes(|bytes| Ok(materialize::<F>()(bytes)));
    }
    zero_sized::<F>();
    offset_of_task(const { &Named::task(entry::<F>) }, std::any::type_name::<F>)
}

/// The offset that names the entry of a task for `try_submit_bytes`.
pub fn of_try_bytes<F, E>() -> Result<u64, CodeError>
where
    F: Fn(BytesIn<'_>) -> Result<BytesOut<'_>, E> + Copy + Send + 'static,
    E: Into<BoxError> + 'static,
{
    fn entry<F, E>(call: &mut TaskCall<'_>)
    where
        F: Fn(BytesIn<'_>) -> Result<BytesOut<'_>, E> + Copy + Send + 'static,
        E: Into<BoxError> + 'static,
    {
        call.serve_bytes(|bytes| materialize::<F>()(bytes).map_err(Into::into));
    }
    zero_sized::<F>();
    offset_of_task(
        const { &Named::task(entry::<F, E>) },
        std::any::type_name::<F>,
    )
}

/// The offset that names the entry of the task that makes a worker end.
pub fn of_retirement() -> Result<u64, CodeError> {
    fn entry(call: &mut TaskCall<'_>) {
        call.retire();
    }
    offset_of_task(const { &Named::task(entry) }, || "retirement")
}

/// The offset that names the entry of a hook that runs in the worker.
pub fn of_hook<H>() -> Result<u64, CodeError>
where
    H: Fn(&WorkerInfo) -> Result<(), BoxError> + Copy + Send + 'static,
{
    fn entry<H>(worker: &WorkerInfo) -> Result<(), BoxError>
    where
        H: Fn(&WorkerInfo) -> Result<(), BoxError> + Copy + Send + 'static,
    {
        materialize::<H>()(worker)
    }
    zero_sized::<H>();
    let named = const { &Named::hook(entry::<H>) };
    offset_of_hook::<H>(named)
}

/// The offset that names the entry of a hook that cannot fail.
pub fn of_stop_hook<H>() -> Result<u64, CodeError>
where
    H: Fn(&WorkerInfo) + Copy + Send + 'static,
{
    fn entry<H>(worker: &WorkerInfo) -> Result<(), BoxError>
    where
        H: Fn(&WorkerInfo) + Copy + Send + 'static,
    {
        materialize::<H>()(worker);
        Ok(())
    }
    zero_sized::<H>();
    let named = const { &Named::hook(entry::<H>) };
    offset_of_hook::<H>(named)
}

fn offset_of_hook<H>(named: &'static Named<HookEntry>) -> Result<u64, CodeError> {
    let run = (named.run as *const ()).addr();
    offset_of(named, run, std::any::type_name::<H>)
}

/// Fails to compile for a task that captures a value.
///
/// ```
/// use raddle::{Executor, ProcessPool};
/// let pool = ProcessPool::new(1)?;
/// let product = pool.submit(|(n, factor): (u32, u32)| n * factor, (14, 3));
/// assert_eq!(product.result().unwrap(), 42);
/// # Ok::<(), raddle::BuildError>(())
/// ```
///
/// ```compile_fail
/// use raddle::{Executor, ProcessPool};
/// let pool = ProcessPool::new(1)?;
/// let factor = 3;
/// let product = pool.submit(move |n: u32| n * factor, 14);
/// assert_eq!(product.result().unwrap(), 42);
/// # Ok::<(), raddle::BuildError>(())
/// ```
fn zero_sized<F>() {
    const {
        assert!(
            size_of::<F>() == 0,
            "a task for another process is a function, or a closure that captures nothing: \
             pass what it needs in its argument (a tuple, if it is more than one thing). \
             A function pointer does not do either: name the function itself"
        );
    }
}

/// Makes the value of a zero-sized task.
fn materialize<F: Copy + Send + 'static>() -> F {
    zero_sized::<F>();
    // SAFETY: F has no bytes, so none can be wrong, and a dangling pointer to it is valid. F has a value: a request names
    // the entry that calls this only if a caller in a process of the same build passed a value of F. F is Copy, so its
    // values are not counted, and none is dropped. This check cannot detect a closure that captures a zero-sized token
    // whose existence proves that the parent did something (see docs/protocols/start.md, "What a task must not capture").
    unsafe { std::ptr::NonNull::<F>::dangling().read() }
}

/// The offset of the constant that names a task's entry.
fn offset_of_task(
    named: &'static Named<Entry>,
    task: fn() -> &'static str,
) -> Result<u64, CodeError> {
    offset_of(named, (named.run as *const ()).addr(), task)
}

/// This bit of an offset says that the argument is described. No program is so large that an offset has it otherwise.
const DESCRIBED: u64 = 1 << 62;

/// The offset of the same entry, for an argument that is described. Called by the submitter, and by [`resolve`].
pub fn described(offset: u64) -> u64 {
    offset ^ DESCRIBED
}

/// In the worker: the entry that a request names, and whether its argument is described. `None`: the offset names no entry.
///
/// # Safety
/// The offset comes from a process of the same build, or was made up without knowledge of the magic number.
pub unsafe fn resolve(offset: u64) -> Option<(Entry, bool)> {
    let image = Image::get().ok()?;
    let named = |offset| image.named::<Entry>(offset, Named::<Entry>::MAGIC);
    let plain = named(offset).map(|code| (code, false));
    let (code, is_described) =
        plain.or_else(|| named(described(offset)).map(|code| (code, true)))?;
    // SAFETY: a constant with this magic number names an `Entry`.
    let entry = unsafe { std::mem::transmute::<*const (), Entry>(code) };
    Some((entry, is_described))
}

/// In the worker: the hook that the parent names. `None`: the offset names no hook.
///
/// # Safety
/// As [`resolve`].
pub unsafe fn resolve_hook(offset: u64) -> Option<HookEntry> {
    let code = Image::get()
        .ok()?
        .named::<HookEntry>(offset, Named::<HookEntry>::MAGIC)?;
    // SAFETY: a constant with this magic number names a `HookEntry`.
    Some(unsafe { std::mem::transmute::<*const (), HookEntry>(code) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_of_a_library_is_refused() {
        static NAMED: Named<Entry> = Named::task(|_| ());
        let refused = offset_of(&NAMED, libc::getpid as *const () as usize, || "its_fn");
        let Err(CodeError::TaskInLibrary { task, library }) = refused else {
            panic!("{refused:?}")
        };
        assert_eq!(task, "its_fn");
        assert!(library.contains("libc"), "{library}");
    }

    #[test]
    fn only_a_constant_of_a_task_is_an_entry() {
        let named = of_retirement().unwrap();
        // SAFETY: of this very process.
        let is_entry = |offset: u64| unsafe { resolve(offset) }.is_some();
        assert!(is_entry(named));
        assert!(!is_entry(NONE));
        let image = Image::get().unwrap();
        let code = (of_retirement as *const ()).addr();
        let offsets = [
            code.wrapping_sub(image.anchor) as u64,
            named + 8,
            named - 8,
            named + 1,
            1 << 40,
            u64::MAX / 2,
        ];
        for offset in offsets {
            assert!(!is_entry(offset), "{offset:#x}");
        }
    }

    #[test]
    fn a_hook_is_no_task() {
        fn nothing(_: &WorkerInfo) -> Result<(), BoxError> {
            Ok(())
        }
        fn offset<H: Fn(&WorkerInfo) -> Result<(), BoxError> + Copy + Send + 'static>(_: H) -> u64 {
            of_hook::<H>().unwrap()
        }
        let hook = offset(nothing);
        let task = of_retirement().unwrap();
        // SAFETY: of this very process.
        unsafe {
            assert!(resolve_hook(hook).is_some() && resolve(hook).is_none());
            assert!(resolve(task).is_some() && resolve_hook(task).is_none());
        }
    }
}
