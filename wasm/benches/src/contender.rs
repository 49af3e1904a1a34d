//! The ways to make an empty call.

use crate::bare::{Bare, Maker};
use crate::guests;
use raddle::{Executor, IsolatePool, Pin, ProcessPool, ThreadPool};
use raddle_benches::document::Role;
use raddle_wasm::{Function, WasmPool};

/// Calls a function that takes nothing, does nothing and returns nothing.
pub trait Empty: Sized + 'static {
    const NAME: &'static str;
    const ROLE: Role;

    /// One worker, on a core or anywhere.
    fn start(core: Option<usize>) -> Self;

    /// One call and its result.
    fn call(&mut self);

    /// So many calls, all submitted before the first result is taken.
    fn many(&mut self, calls: usize);
}

fn pin(core: Option<usize>) -> Pin {
    core.map_or(Pin::None, |core| Pin::List(vec![core]))
}

fn nothing((): ()) {}

/// An instance that is called again and again.
pub struct Reused {
    bare: Bare,
    nothing: u32,
    // The pool of memories that it has one of.
    _maker: Maker,
}

impl Empty for Reused {
    const NAME: &'static str = "bare wasmtime";
    const ROLE: Role = Role::Floor;

    fn start(_: Option<usize>) -> Self {
        let maker = Maker::new();
        let mut bare = maker.instance();
        let nothing = bare.find("nothing");
        Reused {
            bare,
            nothing,
            _maker: maker,
        }
    }

    #[inline]
    fn call(&mut self) {
        self.bare.nothing(self.nothing);
    }

    fn many(&mut self, calls: usize) {
        (0..calls).for_each(|_| self.call());
    }
}

/// An instance for each call.
pub struct Anew {
    maker: Maker,
    nothing: u32,
}

impl Empty for Anew {
    const NAME: &'static str = "bare wasmtime, an instance per call";
    const ROLE: Role = Role::Floor;

    fn start(_: Option<usize>) -> Self {
        let maker = Maker::new();
        let nothing = maker.instance().find("nothing");
        Anew { maker, nothing }
    }

    #[inline]
    fn call(&mut self) {
        self.maker.instance().nothing(self.nothing);
    }

    fn many(&mut self, calls: usize) {
        (0..calls).for_each(|_| self.call());
    }
}

/// raddle's threads: the round trip without an isolate.
pub struct Threads(ThreadPool);

impl Empty for Threads {
    const NAME: &'static str = "raddle threads";
    const ROLE: Role = Role::Bound;

    fn start(core: Option<usize>) -> Self {
        Threads(
            ThreadPool::builder()
                .workers(1)
                .pin(pin(core))
                .build()
                .unwrap(),
        )
    }

    #[inline]
    fn call(&mut self) {
        self.0.spawn(|| nothing(())).result().unwrap();
    }

    fn many(&mut self, calls: usize) {
        let futures: Vec<_> = (0..calls).map(|_| self.0.spawn(|| nothing(()))).collect();
        for future in futures {
            future.result().unwrap();
        }
    }
}

/// raddle's isolates without WebAssembly.
pub type Isolates = Native<false>;
/// The same with an interrupter, as the isolates of raddle-wasm have one.
pub type Interruptible = Native<true>;

/// raddle's isolates without WebAssembly.
pub struct Native<const INTERRUPTIBLE: bool>(IsolatePool<u64>);

impl<const INTERRUPTIBLE: bool> Native<INTERRUPTIBLE> {
    fn submit(&self) -> raddle::Future<()> {
        let counted = |count: &mut u64, ()| *count += 1;
        self.0.submit_with(counted, ())
    }
}

impl<const INTERRUPTIBLE: bool> Empty for Native<INTERRUPTIBLE> {
    const NAME: &'static str = if INTERRUPTIBLE {
        "raddle isolates, interruptible"
    } else {
        "raddle isolates"
    };
    const ROLE: Role = Role::Bound;

    fn start(core: Option<usize>) -> Self {
        let mut builder = IsolatePool::builder(|_| Ok(0)).workers(1);
        if INTERRUPTIBLE {
            builder = builder.on_interrupt(|_| ());
        }
        Native(builder.pin(pin(core)).build().unwrap())
    }

    #[inline]
    fn call(&mut self) {
        self.submit().result().unwrap();
    }

    fn many(&mut self, calls: usize) {
        let futures: Vec<_> = (0..calls).map(|_| self.submit()).collect();
        for future in futures {
            future.result().unwrap();
        }
    }
}

/// raddle's processes: the other way to isolate a task.
pub struct Processes(ProcessPool);

impl Empty for Processes {
    const NAME: &'static str = "raddle processes";
    const ROLE: Role = Role::Peer;

    fn start(core: Option<usize>) -> Self {
        Processes(
            ProcessPool::builder()
                .workers(1)
                .pin(pin(core))
                .build()
                .unwrap(),
        )
    }

    #[inline]
    fn call(&mut self) {
        self.0.submit(nothing, ()).result().unwrap();
    }

    fn many(&mut self, calls: usize) {
        let futures: Vec<_> = (0..calls).map(|_| self.0.submit(nothing, ())).collect();
        for future in futures {
            future.result().unwrap();
        }
    }
}

/// raddle-wasm as it comes.
pub type Wasm = Pool<false, false>;
/// The same with a guest that has WASI.
pub type WasmWasi = Pool<false, true>;
/// An instance for each call.
pub type Fresh = Pool<true, false>;
/// The same with a guest that has WASI.
pub type FreshWasi = Pool<true, true>;

/// raddle-wasm.
pub struct Pool<const FRESH: bool, const WASI: bool> {
    pool: WasmPool,
    nothing: Function<(), ()>,
}

impl<const FRESH: bool, const WASI: bool> Pool<FRESH, WASI> {
    /// So many workers.
    pub fn of(workers: usize, pin: Pin) -> Self {
        let module = if WASI {
            guests::wasi()
        } else {
            guests::plain()
        };
        let mut builder = WasmPool::builder().module(module).workers(workers).pin(pin);
        if FRESH {
            builder = builder.fresh_instances();
        }
        let pool = builder.build().unwrap();
        let nothing = pool.function("nothing").unwrap();
        Pool { pool, nothing }
    }

    /// The pool itself.
    pub fn pool(&self) -> &WasmPool {
        &self.pool
    }
}

impl<const FRESH: bool, const WASI: bool> Empty for Pool<FRESH, WASI> {
    const NAME: &'static str = match (FRESH, WASI) {
        (false, false) => "raddle-wasm",
        (false, true) => "raddle-wasm, guest with WASI",
        (true, false) => "raddle-wasm, an instance per call",
        (true, true) => "raddle-wasm, an instance per call, guest with WASI",
    };
    const ROLE: Role = Role::Raddle;

    fn start(core: Option<usize>) -> Self {
        Pool::of(1, pin(core))
    }

    #[inline]
    fn call(&mut self) {
        self.pool.submit(&self.nothing, ()).result().unwrap();
    }

    fn many(&mut self, calls: usize) {
        let futures: Vec<_> = (0..calls)
            .map(|_| self.pool.submit(&self.nothing, ()))
            .collect();
        for future in futures {
            future.result().unwrap();
        }
    }
}
