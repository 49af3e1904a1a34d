//! A worker is killed after each instruction of serving a request: taking it, decoding, running, encoding into the slot
//! and into the arena, committing, ringing, lying down. The parent recovers, and every future is resolved once, as it
//! should be.
//!
//! The worker is a real one, single-stepped by `ptrace`. `RADDLE_CRASH_POINTS` says how many instructions are tried, or
//! `all`; they are spread evenly over the requests.

// The tests stand outside of the house: they ask the kernel themselves, so that a fault in the
// library's own doors cannot hide itself.
#![allow(clippy::disallowed_types, clippy::disallowed_methods)]

use raddle::process::WorkerExit;
use raddle::{Executor, ProcessPool, TaskError};
use std::fs::{self, File, OpenOptions};
use std::io::{Error, Write};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::mpsc;
use std::time::Duration;
use std::{env, ptr, thread};

/// As many as take some seconds.
const POINTS: u64 = 80;
/// Tasks that run. Each says so by a system call, up to which a worker need not be stepped.
const TASKS: u64 = 3;

/// Where a worker is killed.
#[derive(Clone, Copy)]
struct Death {
    /// So many tasks have begun.
    begun: u64,
    /// So many instructions later, or when it lies down.
    steps: u64,
}

/// Where tasks say that they run: their standard input, which is a file of the test's.
fn tell(tag: u8) {
    // SAFETY: one byte.
    let written = unsafe { libc::write(0, (&raw const tag).cast(), 1) };
    assert_eq!(written, 1, "{}", Error::last_os_error());
}

fn add_one(number: u64) -> u64 {
    tell(number as u8);
    number + 1
}

/// Too long for a slot, both ways.
fn twice(bytes: Vec<u8>) -> Vec<u8> {
    tell(bytes[0]);
    bytes.repeat(2)
}

fn long(tag: u8) -> Vec<u8> {
    vec![tag; 100]
}

/// A worker that does one instruction at a time.
struct Tracee(libc::pid_t);

/// It does nothing to the process that gets it. It ends a system call, and the tracer sees it.
const NUDGE: libc::c_int = libc::SIGURG;

impl Tracee {
    /// Stops a process. By the thread that is to call everything else, too.
    fn seize(pid: u32) -> Result<Self, Error> {
        let tracee = Self(pid as libc::pid_t);
        tracee.request(libc::PTRACE_SEIZE, libc::PTRACE_O_TRACESYSGOOD as usize)?;
        tracee.request(libc::PTRACE_INTERRUPT, 0)?;
        assert_eq!(tracee.wait(), libc::SIGTRAP);
        Ok(tracee)
    }

    fn request(&self, what: libc::c_uint, data: usize) -> Result<(), Error> {
        let none = ptr::null_mut::<()>();
        let data = ptr::without_provenance_mut::<()>(data);
        // SAFETY: none of the requests here has an address, and their data are numbers.
        if unsafe { libc::ptrace(what, self.0, none, data) } < 0 {
            return Err(Error::last_os_error());
        }
        Ok(())
    }

    /// Until it stops; by which signal.
    fn wait(&self) -> libc::c_int {
        let mut status = 0;
        // SAFETY: room for one status.
        let pid = unsafe { libc::waitpid(self.0, &raw mut status, libc::__WALL) };
        assert!(
            pid == self.0 && libc::WIFSTOPPED(status),
            "the worker has ended by itself: {pid} {status:#x}"
        );
        libc::WSTOPSIG(status)
    }

    /// Goes on to the next time that a task says that it runs.
    #[cfg(target_arch = "x86_64")]
    fn run_to_begin(&self) {
        const ENTRY: i64 = -(libc::ENOSYS as i64);
        loop {
            self.request(libc::PTRACE_SYSCALL, 0).unwrap();
            assert_eq!(self.wait(), libc::SIGTRAP | 0x80);
            // SAFETY: a struct of numbers.
            let mut registers: libc::user_regs_struct = unsafe { std::mem::zeroed() };
            let none = ptr::null_mut::<()>();
            // SAFETY: room for the registers.
            let got =
                unsafe { libc::ptrace(libc::PTRACE_GETREGS, self.0, none, &raw mut registers) };
            assert_eq!(got, 0, "{}", Error::last_os_error());
            let is_tell = registers.orig_rax as i64 == libc::SYS_write && registers.rdi == 0;
            if is_tell && registers.rax as i64 == ENTRY {
                return;
            }
        }
    }

    #[cfg(not(target_arch = "x86_64"))]
    fn run_to_begin(&self) {
        unreachable!("skipped")
    }

    /// One instruction. False: it was a system call that did not end before the nudge.
    fn step(&self) -> bool {
        self.request(libc::PTRACE_SINGLESTEP, 0).unwrap();
        self.wait() != NUDGE
    }

    fn send(&self, signal: libc::c_int) {
        // SAFETY: two numbers.
        unsafe { libc::kill(self.0, signal) };
    }
}

fn is_asleep(pid: libc::pid_t) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let state = stat
        .rsplit(')')
        .next()
        .and_then(|rest| rest.trim_start().chars().next());
    state == Some('S')
}

/// One batch of requests, within which the worker is killed. Who it was, and the instructions that were stepped.
fn run(pool: &ProcessPool, said: &Path, last: u32, death: Death) -> Result<(u32, u64), Error> {
    // The new one, which has nothing to do.
    let pid = loop {
        match pool.stats().pids()[..] {
            [pid] if pid != last && is_asleep(pid as libc::pid_t) => break pid,
            _ => thread::yield_now(),
        }
    };
    File::create(said).unwrap();
    let tracee = Tracee::seize(pid)?;

    let first = pool.submit(add_one, 1);
    let skipped = pool.submit(add_one, 2);
    assert!(skipped.cancel());
    let second = pool.submit(twice, long(3));
    let third = pool.submit(add_one, 4);
    let (heard, hears) = mpsc::channel();
    second.add_done_callback(move |_| heard.send(()).unwrap());

    let killed = AtomicBool::new(false);
    let stepped = thread::scope(|scope| {
        // One of them sleeps on the lane.
        scope.spawn(|| first.wait());
        scope.spawn(|| {
            third.wait();
            first.wait();
            second.wait();
            while !is_asleep(tracee.0) && !killed.load(SeqCst) {
                thread::yield_now();
            }
            if !killed.load(SeqCst) {
                tracee.send(NUDGE);
            }
        });
        for _ in 0..death.begun {
            tracee.run_to_begin();
        }
        let mut stepped = 0;
        while stepped < death.steps && tracee.step() {
            stepped += 1;
        }
        killed.store(true, SeqCst);
        tracee.send(libc::SIGKILL);
        stepped
    });
    let finished = stepped < death.steps;

    hears.recv().unwrap();
    assert!(hears.recv().is_err(), "a callback runs once");
    assert!(matches!(skipped.result(), Err(TaskError::Cancelled)));
    let numbers = [(1, first.result()), (4, third.result())]
        .map(|(tag, outcome)| (tag, outcome.map(|number| number == u64::from(tag) + 1)));
    let bytes = (3, second.result().map(|bytes| bytes == long(3).repeat(2)));
    let mut lost = 0;
    let said = fs::read(said).unwrap();
    for (tag, outcome) in numbers.into_iter().chain([bytes]) {
        let runs = said.iter().filter(|&&it| it == tag).count();
        match outcome {
            Ok(is_right) => assert!(is_right && runs == 1, "task {tag} ran {runs} time(s)"),
            Err(TaskError::WorkerLost(it)) => {
                assert_eq!(
                    (it.pid(), it.exit()),
                    (pid, WorkerExit::Signaled(libc::SIGKILL))
                );
                assert!(runs <= 1, "lost, and run again");
                lost += 1;
            }
            Err(other) => panic!("task {tag}: {other:?}"),
        }
    }
    assert!(!said.contains(&2), "what was taken back has run");
    assert!(lost <= u64::from(!finished), "{lost} tasks lost");
    Ok((pid, stepped))
}

#[test]
fn a_worker_that_dies_at_any_instruction_costs_one_task() {
    if !cfg!(target_arch = "x86_64") {
        // A trap between a load and its conditional store makes the store fail, for ever.
        return skip("single-stepping would disturb this processor's atomics");
    }
    let wanted = env::var("RADDLE_CRASH_POINTS");
    let (progress, seen) = mpsc::channel::<u64>();
    // A step costs whatever the host makes of a trap: it is one death that must not take for ever, not all of them.
    thread::spawn(move || {
        let mut point = 0;
        loop {
            match seen.recv_timeout(Duration::from_secs(300)) {
                Ok(next) => point = next,
                Err(mpsc::RecvTimeoutError::Disconnected) => return,
                Err(mpsc::RecvTimeoutError::Timeout) => {
                    let hangs =
                        format!("a worker that is killed within a request: death {point} hangs");
                    let _ = writeln!(std::io::stderr(), "{hangs}");
                    std::process::abort();
                }
            }
        }
    });
    let said = tempfile::NamedTempFile::new().unwrap();
    let stdin = OpenOptions::new().append(true).open(said.path()).unwrap();
    let pool = ProcessPool::builder()
        .workers(1)
        .stdin(stdin)
        .restarts(u32::MAX, Duration::from_secs(1))
        .build()
        .unwrap();
    // How many instructions there are from each beginning to the end.
    let mut pid = 0;
    let mut lengths = [0; TASKS as usize + 1];
    for begun in 0..=TASKS {
        let steps = u64::MAX;
        let _ = progress.send(0);
        let whole = run(&pool, said.path(), pid, Death { begun, steps });
        (pid, lengths[begun as usize]) = match whole {
            Ok(whole) => whole,
            Err(error) => return skip(&format!("ptrace is not allowed here: {error}")),
        };
    }
    let total = lengths[0];
    let points = match wanted.as_deref() {
        Ok("all") => total,
        Ok(points) => points.parse().expect("a number, or `all`"),
        Err(_) => POINTS,
    };
    for point in 0..points {
        // Not always the same part of a loop.
        let at = (point * total + point * 7919 % total) / points;
        let begun = (1..=TASKS)
            .take_while(|&begun| at >= total - lengths[begun as usize])
            .count();
        let death = Death {
            begun: begun as u64,
            steps: at - (total - lengths[begun]),
        };
        (pid, _) = run(&pool, said.path(), pid, death).expect("it was allowed before");
        let _ = progress.send(point + 1);
    }
    eprintln!("killed after {points} of {total} instructions");
}

fn skip(why: &str) {
    eprintln!("SKIPPED: a worker that dies at any instruction: {why}");
}
