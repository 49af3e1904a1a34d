//! The process pools: one module each, behind a few small traits.
//!
//! What is not a pool of its own starts this program again with [`SERVE`] and the name of what to
//! serve; [`serve_if_asked`] therefore comes first in `main`.

#[cfg(feature = "iceoryx2")]
pub mod iceoryx2;
pub mod ipc_channel;
pub mod procspawn;
#[cfg(feature = "raddle")]
pub mod raddle;
pub mod socketpair;

use crate::document::Role;
use crate::floor::parked::answer;
use crate::floor::{exec, shared};
use crate::measure::apart;
use crate::measure::place::{allowed, on_core};
use crate::measure::round::{Options, Round, Workload};
use std::os::fd::OwnedFd;
use std::process::{Child, Command, Stdio};

/// The argument that makes this program a worker.
pub const SERVE: &str = "--serve";

/// Workers in other processes.
pub trait Workers: Sized + 'static {
    /// Its name in the tables.
    const NAME: &'static str;
    /// What it is compared as.
    const ROLE: Role = Role::Peer;
    /// It gets one task where others get this many, since it takes as much longer.
    const SLOWER: usize = 1;
    /// Starts the processes. They need not be up yet.
    fn start(workers: usize) -> Self;
}

/// Gives one answer at a time.
pub trait Call: Workers {
    /// [`task::answer64`] of `x`: one task and its result.
    fn call(&mut self, x: u64) -> u64;
}

/// Caller and workers on the first core that is allowed.
pub struct OneCore<C>(C);

impl<C: Workers> Workers for OneCore<C> {
    const NAME: &'static str = C::NAME;
    const ROLE: Role = C::ROLE;
    const SLOWER: usize = C::SLOWER;

    fn start(workers: usize) -> Self {
        on_core(allowed().first().copied(), || OneCore(C::start(workers)))
    }
}

impl<C> OneCore<C> {
    /// Runs `f` there.
    pub fn with<R>(&mut self, f: impl FnOnce(&mut C) -> R) -> R {
        on_core(allowed().first().copied(), || f(&mut self.0))
    }
}

/// Takes many tasks before it gives a result.
pub trait Batch: Workers {
    /// [`task::answer64`] of all numbers below `n`, all submitted, then all results in order.
    fn batch(&mut self, n: u64, each: impl FnMut(u64));
}

/// Carries bytes.
pub trait Payload: Workers {
    /// [`task::look_at`] of the bytes: there and back.
    fn exchange(&mut self, bytes: Vec<u8>) -> Vec<u8>;
}

/// Replaces workers that die.
pub trait Replace: Workers {
    /// [`task::identify`] of `x`, by a replacement if the worker has died.
    fn identify(&mut self, x: u64) -> (u64, u32);
}

/// Polls, and therefore has to have the other side on another core.
pub trait Polling: Workers {
    /// One worker on a core or anywhere.
    fn start_on(core: Option<usize>) -> Self;
}

/// What the tasks do, whatever pool carries them.
pub mod task {
    use super::{answer, check};

    /// The answer of the mailboxes, as 64 bits that travel.
    #[inline]
    pub fn answer64(x: u64) -> u64 {
        u64::from(answer(x as u32))
    }

    /// The answer, and which process gave it.
    pub fn identify(x: u64) -> (u64, u32) {
        (answer64(x), std::process::id())
    }

    /// Checks bytes a little and gives them back.
    pub fn look_at(bytes: Vec<u8>) -> Vec<u8> {
        check(&bytes);
        bytes
    }
}

/// Writes `turn` to the first, the middle and the last bytes, of which there are at least eight.
pub fn mark(bytes: &mut [u8], turn: u64) {
    for at in marks(bytes.len()) {
        bytes[at..at + 8].copy_from_slice(&turn.to_le_bytes());
    }
}

/// The turn of marked bytes, found in all three places.
pub fn check(bytes: &[u8]) -> u64 {
    let turns = marks(bytes.len()).map(|at| {
        let mark = bytes[at..at + 8].try_into().expect("eight bytes are eight");
        u64::from_le_bytes(mark)
    });
    assert!(
        turns[0] == turns[1] && turns[1] == turns[2],
        "bytes of different turns: {turns:?}"
    );
    turns[0]
}

fn marks(len: usize) -> [usize; 3] {
    [0, (len / 2) & !7, len - 8]
}

/// Starts this program again as a worker, with something as its standard input.
pub fn start_again(what: &[&str], input: impl Into<Stdio>) -> Child {
    let program = std::env::current_exe().expect("a running program has a file");
    Command::new(program)
        .arg(SERVE)
        .args(what)
        .stdin(input)
        .spawn()
        .expect("this program starts again")
}

/// Turns this process into a worker and ends it, if that is what it was started for.
pub fn serve_if_asked() {
    procspawn::init();
    let mut arguments = std::env::args().skip(1);
    if arguments.next().as_deref() != Some(SERVE) {
        return;
    }
    die_with_parent();
    let arguments: Vec<String> = arguments.collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["exec"] => exec::serve(),
        ["round", id, name, workers, scale] => apart::serve(id, name, workers, scale),
        ["shared", way] => shared::serve(way),
        ["socketpair", way] => socketpair::serve(way),
        #[cfg(feature = "iceoryx2")]
        ["iceoryx2", way, service] => iceoryx2::serve(way, service),
        ["ipc-channel", way, server] => ipc_channel::serve(way, server),
        _ => panic!("no worker is called {arguments:?}"),
    }
    std::process::exit(0);
}

/// Some workers wait for ever, or spin, once their parent is gone.
fn die_with_parent() {
    // SAFETY: the call changes only which signal this process gets.
    unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) };
}

/// Standard input, which [`start_again`] may have made anything.
pub fn input() -> OwnedFd {
    let stdin = std::io::stdin();
    std::os::fd::AsFd::as_fd(&stdin)
        .try_clone_to_owned()
        .expect("descriptor 0 was given by the parent")
}

impl Workload {
    /// Adds a contender of processes: each round starts workers, runs, and drops them.
    pub fn workers<C: Workers>(
        &mut self,
        workers: usize,
        options: &Options,
        mut run: impl FnMut(&mut C, &Options) -> Round + 'static,
    ) {
        let options = options.clone();
        self.entry(C::ROLE, C::NAME, move || {
            run(&mut C::start(workers), &options)
        });
    }

    /// Adds one that polls, caller and worker on two cores.
    pub fn polling<C: Polling>(
        &mut self,
        role: Role,
        options: &Options,
        mut run: impl FnMut(&mut C, &Options) -> Round + 'static,
    ) {
        let options = options.clone();
        let (caller, worker) = options.cores.unzip();
        self.entry(role, C::NAME, move || {
            let mut workers = C::start_on(worker);
            on_core(caller, || run(&mut workers, &options))
        });
    }
}

/// Adds to a workload every pool of processes that answers calls, except those that poll.
#[macro_export]
macro_rules! callers {
    ($workload:expr, $workers:expr, $options:expr, $run:ident) => {{
        use $crate::contender::processes as p;
        let (workers, options) = ($workers, $options);
        $workload.workers(workers, options, $run::<p::procspawn::Procspawn>);
        $workload.workers(workers, options, $run::<p::ipc_channel::IpcChannel>);
        $workload.workers(workers, options, $run::<p::socketpair::Socketpair>);
        #[cfg(feature = "raddle")]
        $workload.workers(workers, options, $run::<p::raddle::Raddle>);
    }};
}

/// Adds every one that carries bytes, except those that poll.
#[macro_export]
macro_rules! carriers {
    ($exchanges:expr) => {{
        use $crate::contender::processes as p;
        $exchanges.carrier::<p::procspawn::Procspawn>();
        $exchanges.carrier::<p::ipc_channel::IpcBytes>();
        $exchanges.carrier::<p::ipc_channel::IpcShared>();
        $exchanges.carrier::<p::socketpair::Socketpair>();
        #[cfg(feature = "raddle")]
        {
            $exchanges.carrier::<p::raddle::Raddle>();
            $exchanges.carrier::<p::raddle::InPlace<false>>();
            $exchanges.carrier::<p::raddle::InPlace<true>>();
        }
    }};
}

/// Adds every one that replaces workers that die.
#[macro_export]
macro_rules! replacers {
    ($workload:expr, $workers:expr, $options:expr, $run:ident) => {{
        use $crate::contender::processes as p;
        let (workers, options) = ($workers, $options);
        $workload.workers(workers, options, $run::<p::procspawn::Procspawn>);
        $workload.workers(workers, options, $run::<p::socketpair::Socketpair>);
        #[cfg(feature = "raddle")]
        $workload.workers(workers, options, $run::<p::raddle::Raddle>);
    }};
}
