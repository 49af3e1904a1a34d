//! The loom flavour: weak memory, every schedule within a bound, few threads.
//!
//! Each atomic has a **schedule token**: a second atomic on which a relaxed read-modify-write happens before each operation.
//! loom 0.7.2 remembers only the last access of each object. A thread that loads a location before it writes it therefore
//! hides the accesses of other threads, and loom misses the schedules that they allow. With the token, any two accesses of
//! one atomic conflict, so the last access is enough.
//!
//! The token adds no happens-before edge that the model would not have without it. It is relaxed, so it could order two
//! threads only together with a release fence before it and an acquire fence after it. raddle's only fences are `SeqCst`, and
//! loom orders those by execution anyway.
//!
//! `compare_exchange_weak` never fails spuriously here. `SeqCst` accesses are treated as `AcqRel`; only `fence(SeqCst)` has
//! its full meaning.

pub use super::arc_loom::Arc;

use std::cell::Cell;
use std::ops::{Deref, DerefMut};
use std::sync::PoisonError;

std::thread_local! {
    // A thread-local of the OS thread, on which all threads of one model run.
    static OVER: Cell<bool> = const { Cell::new(false) };
}

/// Called when the checker has found a failure and unwinds. Any further call into loom would panic a second time and abort
/// the process with all its other tests. From here on destructors use plain memory.
pub fn give_up() {
    OVER.set(true);
}

pub(super) fn is_over() -> bool {
    OVER.get()
}

pub(super) fn begin() {
    OVER.set(false);
}

/// The name of the flavour that was compiled in.
#[must_use]
pub fn flavour() -> &'static str {
    "loom"
}

pub mod atomic {
    //! loom's atomics with a schedule token and a register of call sites.

    use super::is_over;
    use crate::sync::{faults, sites};
    use loom::sync::atomic as loom_atomic;
    use std::sync::atomic as std_atomic;
    pub use std::sync::atomic::Ordering;
    use std::sync::atomic::Ordering::Relaxed;

    #[track_caller]
    pub fn fence(order: Ordering) {
        if is_over() {
            return;
        }
        faults::step();
        if let Some(order) = sites::fence(order) {
            loom_atomic::fence(order);
        }
    }

    /// The schedule token. A relaxed read-modify-write of it makes loom try both orders of two accesses.
    struct Token {
        turns: loom_atomic::AtomicBool,
        /// Stands in for the atomic's memory: read by each operation, written by the drop. loom itself notices an access
        /// before the atomic was published, but not one that is still running when the atomic is dropped.
        memory: loom::cell::UnsafeCell<()>,
    }

    // SAFETY: the cell is empty; loom only tracks the accesses, and does so on one OS thread.
    unsafe impl Sync for Token {}

    impl Token {
        fn new() -> Self {
            Self {
                turns: loom_atomic::AtomicBool::new(false),
                memory: loom::cell::UnsafeCell::new(()),
            }
        }

        #[track_caller]
        fn take_turns(&self) {
            self.turns.fetch_or(false, Relaxed);
            drop(self.memory.get());
        }
    }

    impl Drop for Token {
        #[track_caller]
        fn drop(&mut self) {
            if !is_over() && !std::thread::panicking() {
                drop(self.memory.get_mut());
            }
        }
    }

    macro_rules! common {
        ($name:ident, [$($generic:tt)*], $loom:ty, $std:ty, $value:ty) => {
            pub struct $name $($generic)* {
                value: $loom,
                token: Token,
                /// The last value written, for destructors that run after the execution is over.
                shadow: $std,
            }

            impl $($generic)* $name $($generic)* {
                #[track_caller]
                pub fn new(value: $value) -> Self {
                    Self {
                        value: <$loom>::new(value),
                        token: Token::new(),
                        shadow: <$std>::new(value),
                    }
                }

                #[track_caller]
                pub fn load(&self, order: Ordering) -> $value {
                    if is_over() {
                        return self.shadow.load(Relaxed);
                    }
                    faults::step();
                    let order = sites::access("load", order);
                    self.token.take_turns();
                    self.value.load(order)
                }

                #[track_caller]
                pub fn store(&self, value: $value, order: Ordering) {
                    if !is_over() {
                        faults::step();
                        let order = sites::access("store", order);
                        self.token.take_turns();
                        self.value.store(value, order);
                    }
                    self.shadow.store(value, Relaxed);
                }

                #[track_caller]
                pub fn swap(&self, value: $value, order: Ordering) -> $value {
                    if is_over() {
                        return self.shadow.swap(value, Relaxed);
                    }
                    faults::step();
                    let order = sites::access("swap", order);
                    self.token.take_turns();
                    let before = self.value.swap(value, order);
                    self.shadow.store(value, Relaxed);
                    before
                }

                #[track_caller]
                pub fn compare_exchange(
                    &self,
                    current: $value,
                    new: $value,
                    success: Ordering,
                    failure: Ordering,
                ) -> Result<$value, $value> {
                    if is_over() {
                        return self.shadow.compare_exchange(current, new, Relaxed, Relaxed);
                    }
                    faults::step();
                    let (success, failure) = sites::exchange("compare_exchange", success, failure);
                    self.token.take_turns();
                    let result = self.value.compare_exchange(current, new, success, failure);
                    if result.is_ok() {
                        self.shadow.store(new, Relaxed);
                    }
                    result
                }

                #[track_caller]
                pub fn compare_exchange_weak(
                    &self,
                    current: $value,
                    new: $value,
                    success: Ordering,
                    failure: Ordering,
                ) -> Result<$value, $value> {
                    if is_over() {
                        return self.shadow.compare_exchange(current, new, Relaxed, Relaxed);
                    }
                    faults::step();
                    let (success, failure) =
                        sites::exchange("compare_exchange_weak", success, failure);
                    self.token.take_turns();
                    let result = self.value.compare_exchange_weak(current, new, success, failure);
                    if result.is_ok() {
                        self.shadow.store(new, Relaxed);
                    }
                    result
                }

                /// A read without synchronisation.
                ///
                /// # Safety
                ///
                /// No other thread may write the atomic at the same time.
                #[track_caller]
                pub unsafe fn unsync_load(&self) -> $value {
                    if is_over() {
                        return self.shadow.load(Relaxed);
                    }
                    // SAFETY: the caller's promise is the callee's.
                    unsafe { self.value.unsync_load() }
                }

                #[track_caller]
                pub fn into_inner(mut self) -> $value {
                    self.with_mut(|value| *value)
                }
            }

            impl $($generic)* std::fmt::Debug for $name $($generic)* {
                fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                    f.write_str(stringify!($name))
                }
            }
        };
    }

    macro_rules! plain {
        ($name:ident, [$($generic:tt)*], $value:ty) => {
            impl $($generic)* $name $($generic)* {
                /// Plain access for the exclusive owner; must happen after all other accesses.
                #[track_caller]
                pub fn with_mut<R>(&mut self, f: impl FnOnce(&mut $value) -> R) -> R {
                    let shadow = self.shadow.get_mut();
                    if is_over() {
                        return f(shadow);
                    }
                    self.value.with_mut(|value| {
                        let result = f(value);
                        *shadow = *value;
                        result
                    })
                }
            }
        };
    }

    macro_rules! methods {
        ($name:ident, $value:ty, $($method:ident),*) => {
            impl $name {
                $(#[track_caller]
                pub fn $method(&self, value: $value, order: Ordering) -> $value {
                    if !is_over() {
                        faults::step();
                        let order = sites::access(stringify!($method), order);
                        self.token.take_turns();
                        let before = self.value.$method(value, order);
                        self.shadow.store(before, Relaxed);
                    }
                    self.shadow.$method(value, Relaxed)
                })*
            }
        };
    }

    macro_rules! integer {
        ($name:ident, $value:ty) => {
            common!($name, [], loom_atomic::$name, std_atomic::$name, $value);
            plain!($name, [], $value);
            methods!(
                $name, $value, fetch_add, fetch_sub, fetch_or, fetch_and, fetch_xor, fetch_max,
                fetch_min
            );
        };
    }

    integer!(AtomicU32, u32);
    integer!(AtomicU64, u64);
    integer!(AtomicUsize, usize);
    common!(
        AtomicBool,
        [],
        loom_atomic::AtomicBool,
        std_atomic::AtomicBool,
        bool
    );
    methods!(AtomicBool, bool, fetch_or, fetch_and, fetch_xor);
    common!(AtomicPtr, [<T>], loom_atomic::AtomicPtr<T>, std_atomic::AtomicPtr<T>, *mut T);
    plain!(AtomicPtr, [<T>], *mut T);

    impl AtomicBool {
        /// Plain access for the exclusive owner. loom has none for this type: a store stands in for it.
        #[track_caller]
        pub fn with_mut<R>(&mut self, f: impl FnOnce(&mut bool) -> R) -> R {
            let shadow = self.shadow.get_mut();
            if is_over() {
                return f(shadow);
            }
            // SAFETY: the exclusive borrow excludes writers.
            let mut value = unsafe { self.value.unsync_load() };
            let result = f(&mut value);
            self.value.store(value, Relaxed);
            *shadow = value;
            result
        }
    }

    impl AtomicU32 {
        /// The newest value, as the kernel reads it. In loom a plain load may be stale, a read-modify-write is not. The
        /// caller has taken turns on the futex's own token.
        pub(in crate::sync) fn newest(&self) -> u32 {
            self.token.take_turns();
            self.value.fetch_add(0, Relaxed)
        }
    }
}

pub mod cell {
    //! loom's cell: a concurrent access, or one that does not happen after the last write, fails the model.

    use super::is_over;

    pub struct UnsafeCell<T: ?Sized> {
        track: loom::cell::UnsafeCell<()>,
        value: std::cell::UnsafeCell<T>,
    }

    impl<T> UnsafeCell<T> {
        #[track_caller]
        pub fn new(value: T) -> Self {
            Self {
                track: loom::cell::UnsafeCell::new(()),
                value: std::cell::UnsafeCell::new(value),
            }
        }

        pub fn into_inner(self) -> T {
            self.value.into_inner()
        }
    }

    impl<T: ?Sized> UnsafeCell<T> {
        /// The pointer must not be written through and must not leave the closure.
        #[track_caller]
        pub fn with<R>(&self, f: impl FnOnce(*const T) -> R) -> R {
            if is_over() {
                return f(self.value.get());
            }
            let _reading = self.track.get();
            f(self.value.get())
        }

        /// The pointer must not leave the closure.
        #[track_caller]
        pub fn with_mut<R>(&self, f: impl FnOnce(*mut T) -> R) -> R {
            if is_over() {
                return f(self.value.get());
            }
            let _writing = self.track.get_mut();
            f(self.value.get())
        }
    }

    impl<T: ?Sized> std::fmt::Debug for UnsafeCell<T> {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("UnsafeCell { .. }")
        }
    }
}

pub mod hint {
    /// Yields: a spinning thread can make progress only after another thread has run.
    pub fn spin_loop() {
        loom::thread::yield_now();
    }
}

pub mod thread {
    //! loom's threads: at most five, including the main one. A panic in one ends the model.

    pub use loom::thread::{JoinHandle, LocalKey, yield_now};
    pub use std::thread::panicking;

    /// Has the thread ended? Always false under a checker, which does not know before the join.
    pub fn is_finished<T>(handle: &JoinHandle<T>) -> bool {
        let _ = handle;
        false
    }

    #[track_caller]
    pub fn spawn<F, T>(f: F) -> JoinHandle<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        crate::sync::faults::thread_begins();
        loom::thread::spawn(f)
    }

    /// As in the std flavour. The checker chooses the stack size.
    ///
    /// # Errors
    ///
    /// None here: the checker always starts the thread.
    #[track_caller]
    pub fn spawn_with<F>(
        name: String,
        _stack: Option<usize>,
        f: F,
    ) -> std::io::Result<JoinHandle<()>>
    where
        F: FnOnce() + Send + 'static,
    {
        crate::sync::faults::thread_begins();
        loom::thread::Builder::new().name(name).spawn(f)
    }
}

macro_rules! raddle_thread_local {
    () => {};
    ($(#[$attr:meta])* $vis:vis static $name:ident: $t:ty = const { $init:expr } $(; $($rest:tt)*)?) => {
        loom::thread_local! { $(#[$attr])* $vis static $name: $t = $init; }
        $($crate::sync::thread_local! { $($rest)* })?
    };
    ($(#[$attr:meta])* $vis:vis static $name:ident: $t:ty = $init:expr $(; $($rest:tt)*)?) => {
        loom::thread_local! { $(#[$attr])* $vis static $name: $t = $init; }
        $($crate::sync::thread_local! { $($rest)* })?
    };
}
pub(crate) use raddle_thread_local as thread_local;

/// A lock for slow paths. It is never poisoned: the guarded data must be valid whenever user code can run.
#[derive(Debug)]
pub struct Mutex<T> {
    turns: loom::sync::Mutex<()>,
    value: std::sync::Mutex<T>,
}

#[derive(Debug)]
pub struct MutexGuard<'a, T> {
    // Dropped in this order: loom's lock is released last.
    value: std::sync::MutexGuard<'a, T>,
    _turns: Option<loom::sync::MutexGuard<'a, ()>>,
}

impl<T> Mutex<T> {
    pub fn new(value: T) -> Self {
        Self {
            turns: loom::sync::Mutex::new(()),
            value: std::sync::Mutex::new(value),
        }
    }

    pub fn into_inner(self) -> T {
        self.value
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner)
    }

    #[track_caller]
    pub fn lock(&self) -> MutexGuard<'_, T> {
        let turns = (!is_over()).then(|| self.turns.lock().unwrap_or_else(PoisonError::into_inner));
        MutexGuard {
            value: self.value.lock().unwrap_or_else(PoisonError::into_inner),
            _turns: turns,
        }
    }

    pub fn get_mut(&mut self) -> &mut T {
        self.value.get_mut().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T: Default> Default for Mutex<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T> Deref for MutexGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> DerefMut for MutexGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.value
    }
}
