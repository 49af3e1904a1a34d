//! Tasks that write over the memory that their worker shares with the parent, and do worse. The parent goes on.

use crate::kit::{
    Dice, FileGate, echo, echo_all, lines, note, pid, pool, send, until, wait_at, watch,
};
use raddle::process::{BytesIn, BytesOut, LostCause, WorkerExit};
use raddle::{Executor, ProcessPool, TaskError};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::sync::mpsc;
use std::time::Duration;
use std::{fs, thread};

// Where things lie in `Replies`: see `src/shm/layout.rs`.
const SLOTS: u64 = 1024;
const CLAIMS: u64 = 256;
const REPLIES: u64 = CLAIMS + 8 * SLOTS;
const WORDS: u64 = REPLIES + 64 * SLOTS;
/// Within the arena.
const REACH: u64 = WORDS + (1 << 20);

/// This worker's mappings of its lane: where they begin, and whether they can be written.
fn mappings() -> Vec<(usize, bool)> {
    let maps = fs::read_to_string("/proc/self/maps").unwrap();
    maps.lines()
        .filter(|line| line.contains("raddle-lane"))
        .map(|line| {
            let begin = line.split('-').next().unwrap();
            let writable = line.split(' ').nth(1).unwrap().contains('w');
            (usize::from_str_radix(begin, 16).unwrap(), writable)
        })
        .collect()
}

/// The memory that this worker writes its answers into.
#[derive(Clone, Copy)]
struct Answers(usize);

impl Answers {
    fn find() -> Self {
        let (begin, _) = mappings()
            .into_iter()
            .find(|&(_, writable)| writable)
            .unwrap();
        Self(begin)
    }

    fn put<T>(self, at: u64, value: T) {
        assert!(at + size_of::<T>() as u64 <= REACH);
        let to = std::ptr::with_exposed_provenance_mut::<T>(self.0 + at as usize);
        // SAFETY: within the mapping. That others use it, too, is the test.
        unsafe { to.write_volatile(value) };
    }

    fn get<T>(self, at: u64) -> T {
        assert!(at + size_of::<T>() as u64 <= REACH);
        let from = std::ptr::with_exposed_provenance::<T>(self.0 + at as usize);
        // SAFETY: as above.
        unsafe { from.read_volatile() }
    }

    /// The number of the task that runs: claimed, and not answered.
    fn running(self) -> u64 {
        (0..SLOTS)
            .filter_map(|slot| {
                let claim: u64 = self.get(CLAIMS + 8 * slot);
                let commit: u32 = self.get(REPLIES + 64 * slot);
                let seq = claim >> 2;
                (claim & 1 == 1 && commit != seq as u32 + 1).then_some(seq)
            })
            .max()
            .unwrap()
    }

    /// Answers in the worker's stead.
    fn forge(self, seq: u64, status: u32, len: u32, offset: u64) {
        let slot = REPLIES + 64 * (seq % SLOTS);
        self.put(slot + 16, offset);
        self.put(slot + 4, status);
        self.put(slot + 8, len);
        std::sync::atomic::fence(SeqCst);
        self.put(slot, seq as u32 + 1);
        self.ring();
    }

    /// Wakes the threads that sleep on the event word.
    fn ring(self) {
        let bell: u32 = self.get(0);
        self.put(0, bell.wrapping_add(0x100));
        // SAFETY: an address of this process, and numbers.
        unsafe { libc::syscall(libc::SYS_futex, self.0, libc::FUTEX_WAKE, i32::MAX) };
    }

    /// One word somewhere.
    fn scribble(self, dice: &mut Dice) {
        let (from, to) = match dice.below(6) {
            0 => (0, CLAIMS),
            1 => (CLAIMS, REPLIES),
            2 => (WORDS, REACH),
            _ => (REPLIES, WORDS),
        };
        let at = (from + dice.below(to - from)) & !7;
        // Random ones, and those that nearly make sense.
        let value = match dice.below(3) {
            0 => dice.roll(),
            1 => dice.below(16) << 32 | dice.below(16),
            _ => dice.below(1 << 14),
        };
        self.put(at, value);
    }
}

fn stay() -> ! {
    loop {
        thread::park();
    }
}

fn lost(outcome: Result<(), TaskError>) -> raddle::process::WorkerLost {
    match outcome {
        Err(TaskError::WorkerLost(lost)) => lost,
        other => panic!("{other:?}"),
    }
}

/// Other workers, which have nothing of what those before them have left.
fn renew(pool: &ProcessPool) {
    let old = pool.stats().pids();
    for &pid in &old {
        send(pid, libc::SIGKILL);
    }
    until(|| {
        let new = pool.stats().pids();
        new.len() == pool.workers() && !new.iter().any(|pid| old.contains(pid))
    });
}

/// Runs the attack on one worker while another task runs on the other one, which notices nothing.
fn beside<R>(attack: impl FnOnce(&ProcessPool) -> R) -> R {
    let pool = pool(2);
    let gate = FileGate::new();
    let held = pool.submit(
        |gate: PathBuf| {
            wait_at(gate);
            "x".repeat(5000)
        },
        gate.path(),
    );
    until(|| held.is_running());
    let seen = attack(&pool);
    gate.open();
    assert_eq!(held.result().unwrap(), "x".repeat(5000));
    echo_all(&pool);
    seen
}

#[derive(Serialize, Deserialize, Clone, Copy, Debug)]
struct Forgery {
    status: u32,
    len: u32,
    offset: u64,
}

#[test]
fn an_answer_that_cannot_be_is_the_end_of_its_worker() {
    let _watch = watch();
    let forgery = |status, len, offset| Forgery {
        status,
        len,
        offset,
    };
    for forgery in [
        forgery(0, 0, 0),
        // The argument as the answer, where it is not in the arena, and with another payload.
        forgery(6, 0, 0),
        forgery(6, 1000, 0),
        forgery(8, 0, 0),
        forgery(u32::MAX, 3, 0),
        forgery(1, 1000, 1 << 40),
        forgery(1, 1000, (16 << 30) - 999),
        forgery(1, u32::MAX, u64::MAX - 10),
        forgery(2, 49, u64::MAX),
    ] {
        let lost = beside(|pool| {
            let attack = |forgery: Forgery| {
                let answers = Answers::find();
                answers.forge(
                    answers.running(),
                    forgery.status,
                    forgery.len,
                    forgery.offset,
                );
                stay()
            };
            lost(pool.submit(attack, forgery).result())
        });
        assert!(
            matches!(lost.cause(), LostCause::ProtocolViolation(_)),
            "{forgery:?}: {lost}"
        );
    }
}

#[test]
fn an_answer_of_the_wrong_length_is_an_error_of_its_task() {
    let _watch = watch();
    for len in [1u32, 7, 9, 47, 4096, 1 << 24] {
        let outcome = beside(|pool| {
            let attack = |len: u32| -> u64 {
                let answers = Answers::find();
                answers.forge(answers.running(), 1, len, 0);
                7
            };
            pool.submit(attack, len).result()
        });
        match outcome {
            // The worker was quicker to overwrite it.
            Ok(seven) => assert_eq!(seven, 7),
            Err(error) => assert!(matches!(error, TaskError::Payload(_)), "{error:?}"),
        }
    }
}

/// The parent takes what it wrote itself, and reads it as the result.
#[test]
fn an_argument_that_is_made_the_answer() {
    let _watch = watch();
    let pool = pool(1);
    let attack = |_: String| -> Vec<u64> {
        let answers = Answers::find();
        answers.forge(answers.running(), 6, 0, 0);
        stay()
    };
    let outcome = pool.submit(attack, "x".repeat(5001)).result();
    assert!(matches!(outcome, Err(TaskError::Payload(_))), "{outcome:?}");
    renew(&pool);
    echo_all(&pool);
}

#[test]
fn a_result_that_is_spoiled_while_it_is_read() {
    let _watch = watch();
    let pool = pool(1);
    for len in [100, 4096, 3 << 20] {
        fn spoil(bytes: BytesIn<'_>) -> BytesOut<'_> {
            let mut out = bytes.out(bytes.len());
            out.copy_from_slice(&bytes);
            let (at, len) = (out.as_mut_ptr().expose_provenance(), out.len());
            thread::spawn(move || {
                for n in 0.. {
                    let at = std::ptr::with_exposed_provenance_mut::<u8>(at + n % len);
                    // SAFETY: in the lane's memory. That the parent reads it meanwhile is the test.
                    unsafe { at.write_volatile(2) };
                }
            });
            out
        }
        let spoiled = pool.submit_bytes(spoil, &vec![1; len]).result().unwrap();
        assert_eq!(spoiled.len(), len);
        assert!(spoiled.iter().all(|byte| [1, 2].contains(byte)));
        renew(&pool);
    }
    echo_all(&pool);
}

#[test]
fn answers_to_tasks_that_nobody_submitted() {
    let _watch = watch();
    beside(|pool| {
        let attack = |()| {
            let answers = Answers::find();
            let running = answers.running();
            for ahead in (1..SLOTS).rev() {
                answers.forge(running + ahead, 1, 0, 0);
            }
            answers.forge(running, 1, 0, 0);
        };
        let (heard, said) = mpsc::channel();
        // The completer takes it, and checks what is behind it.
        pool.submit(attack, ())
            .add_done_callback(move |outcome| heard.send(outcome.is_ok()).unwrap());
        assert!(said.recv().unwrap(), "the answer itself was possible");
        until(|| pool.stats().deaths == 1);
    });
}

/// Each of these spoils a word, and then the worker dies.
#[derive(Serialize, Deserialize, Clone, Copy, Debug)]
enum Word {
    Claim(u64),
    Revoked,
    Commit(u32),
    Bell(u32),
    WakeRequest(u32),
}

#[test]
fn what_was_spoiled_before_a_death_does_not_run_a_task_twice() {
    let _watch = watch();
    for word in [
        Word::Claim(u64::MAX),
        Word::Claim(0xdead << 20),
        Word::Revoked,
        Word::Commit(u32::MAX),
        Word::Commit(0x1234_5678),
        Word::Bell(0x77),
        Word::Bell(u32::MAX),
        Word::WakeRequest(u32::MAX),
        Word::WakeRequest(0),
    ] {
        let gate = FileGate::new();
        let file = gate.file("runs");
        beside(|pool| {
            let attack = |(word, file): (Word, PathBuf)| -> () {
                note(&file, "run");
                let answers = Answers::find();
                let seq = answers.running();
                let claim = CLAIMS + 8 * (seq % SLOTS);
                match word {
                    Word::Claim(value) => answers.put(claim, value),
                    Word::Revoked => answers.put(claim, seq << 2 | 0b10),
                    Word::Commit(value) => answers.put(REPLIES + 64 * (seq % SLOTS), value),
                    Word::Bell(value) => answers.put(0, value),
                    Word::WakeRequest(value) => answers.put(128, value),
                }
                std::process::abort()
            };
            let lost = lost(pool.submit(attack, (word, file.clone())).result());
            assert_eq!(lost.exit(), WorkerExit::Signaled(libc::SIGABRT));
        });
        assert_eq!(lines(&file), 1, "{word:?}");
    }
}

#[test]
fn a_deadline_holds_whatever_the_worker_claims() {
    let _watch = watch();
    for claims in [[0, 0], [u64::MAX, 0b10], [0, 1], [1, u64::MAX]] {
        beside(|pool| {
            // 1 stands for the truth.
            let attack = |claims: [u64; 2]| -> () {
                let answers = Answers::find();
                let seq = answers.running();
                let claims = claims.map(|claim| if claim == 1 { seq << 2 | 1 } else { claim });
                loop {
                    for claim in claims {
                        answers.put(CLAIMS + 8 * (seq % SLOTS), claim);
                    }
                }
            };
            let soon = Duration::from_millis(20);
            let task = pool.task().name("false").timeout(soon);
            let outcome = task.submit(attack, claims).result();
            assert!(matches!(outcome, Err(TaskError::TimedOut)), "{outcome:?}");
        });
    }
}

/// A revoked task is skipped, or its worker is ended: nothing waits behind it for ever.
#[test]
fn a_task_that_runs_although_it_was_taken_back() {
    let _watch = watch();
    let take_back: [fn(&raddle::Future<()>) -> bool; 2] =
        [raddle::Future::cancel, raddle::Future::kill];
    for take_back in take_back {
        let pool = ProcessPool::builder()
            .workers(1)
            .kill_grace(Duration::from_millis(20))
            .build()
            .unwrap();
        let gate = FileGate::new();
        let attack = |forged: PathBuf| -> () {
            let answers = Answers::find();
            let seq = answers.running();
            answers.put(CLAIMS + 8 * (seq % SLOTS), 0u64);
            note(&forged, "forged");
            stay()
        };
        let held = pool.submit(attack, gate.path());
        let behind = pool.submit(echo, "behind".to_owned());
        until(|| gate.path().exists());
        assert!(take_back(&held), "nobody knows that it runs");
        assert!(matches!(held.result(), Err(TaskError::Cancelled)));
        assert_eq!(behind.result().unwrap(), "behind");
    }
}

/// A task that holds the other worker of two at the gate, and more behind both.
fn crowd(pool: &ProcessPool, gate: &FileGate) -> (raddle::Future<()>, Vec<raddle::Future<String>>) {
    let held = pool.submit(wait_at, gate.path());
    until(|| held.is_running());
    let behind = (0..20).map(|n| pool.submit(echo, n.to_string()));
    (held, behind.collect())
}

fn all_echo(behind: Vec<raddle::Future<String>>) {
    for (n, task) in behind.into_iter().enumerate() {
        assert_eq!(task.result().unwrap(), n.to_string());
    }
}

/// What it says that it has not begun runs elsewhere, and so does what is behind that. As it does not skip the task
/// then, it is ended.
#[test]
fn a_worker_that_unsays_its_claim_keeps_nothing() {
    let _watch = watch();
    let pool = ProcessPool::builder()
        .workers(2)
        .kill_grace(Duration::from_millis(20))
        .build()
        .unwrap();
    let gate = FileGate::new();
    let file = gate.file("runs");
    let attack = |runs: PathBuf| {
        let answers = Answers::find();
        let seq = answers.running();
        let is_second = runs.exists();
        if !is_second {
            answers.put(CLAIMS + 8 * (seq % SLOTS), 0u64);
        }
        note(&runs, "run");
        if !is_second {
            stay()
        }
    };
    let attack = pool.submit(attack, file.clone());
    until(|| lines(&file) == 1);
    let (held, behind) = crowd(&pool, &gate);
    gate.open();
    held.result().unwrap();
    all_echo(behind);
    attack.result().unwrap();
    assert_eq!(lines(&file), 2);
    until(|| pool.stats().replacements == 1);
    echo_all(&pool);
}

/// No other worker could run tasks that it claims ahead of the one it runs. It is ended for that, and they run elsewhere.
#[test]
fn a_worker_that_claims_ahead_keeps_nothing() {
    let _watch = watch();
    let pool = pool(2);
    let gate = FileGate::new();
    let file = gate.file("claimed");
    let attack = |claimed: PathBuf| -> () {
        let answers = Answers::find();
        let seq = answers.running();
        for ahead in seq + 1..seq + 100 {
            let word = ahead << 2 | 1;
            answers.put(CLAIMS + 8 * (ahead % SLOTS), word);
        }
        note(&claimed, "claimed");
        stay()
    };
    let attack = pool.submit(attack, file.clone());
    until(|| lines(&file) == 1);
    let (held, behind) = crowd(&pool, &gate);
    let lost = lost(attack.result());
    assert!(
        matches!(lost.cause(), LostCause::ProtocolViolation(_)),
        "{lost}"
    );
    gate.open();
    held.result().unwrap();
    all_echo(behind);
    echo_all(&pool);
}

/// A thread that revokes a task finds a claim that no worker writes.
#[test]
fn a_spoiled_claim_is_found_by_a_cancellation() {
    let _watch = watch();
    let pool = pool(1);
    let gate = FileGate::new();
    let attack = |forged: PathBuf| -> () {
        let answers = Answers::find();
        let seq = answers.running();
        answers.put(CLAIMS + 8 * (seq % SLOTS), u64::MAX);
        note(&forged, "forged");
        stay()
    };
    let held = pool.submit(attack, gate.path());
    let behind = pool.submit(echo, "behind".to_owned());
    until(|| gate.path().exists());
    assert!(!held.cancel(), "it may have begun");
    let lost = lost(held.result());
    assert!(
        matches!(lost.cause(), LostCause::ProtocolViolation(_)),
        "{lost}"
    );
    assert_eq!(behind.result().unwrap(), "behind");
}

/// A thread sleeps for a reply while the worker resets the event word all the time, and moves the sleeper elsewhere: what the
/// parent has to tell it arrives.
#[test]
fn a_sleeper_hears_its_own_side_whatever_is_in_the_bell() {
    let _watch = watch();
    let pool = pool(1);
    for _ in 0..20 {
        let gate = FileGate::new();
        let attack = |begun: PathBuf| -> () {
            let answers = Answers::find();
            note(&begun, "begun");
            let elsewhere = 0u32;
            loop {
                answers.put(0, 0u32);
                // Whoever sleeps there is to sleep elsewhere.
                // SAFETY: two words of this process, and numbers.
                unsafe {
                    let all = i32::MAX as libc::c_long;
                    let to = &raw const elsewhere;
                    libc::syscall(libc::SYS_futex, answers.0, libc::FUTEX_REQUEUE, 0, all, to);
                }
            }
        };
        let held = pool.submit(attack, gate.path());
        let behind = pool.submit(echo, "behind".to_owned());
        until(|| gate.path().exists());
        thread::scope(|scope| {
            let waiting = scope.spawn(|| behind.wait());
            // Asleep by now or not: the end of the wait is the test.
            thread::yield_now();
            assert!(behind.cancel());
            waiting.join().unwrap();
        });
        let waiting = thread::spawn(move || held.result());
        renew(&pool);
        assert!(matches!(
            waiting.join().unwrap(),
            Err(TaskError::WorkerLost(_))
        ));
    }
}

/// Answers of all sizes, from a worker whose memory is written all over while it works.
#[test]
fn a_worker_that_scribbles_while_it_answers() {
    let _watch = watch();
    let pool = pool(1);
    for seed in 0..12 {
        let begin = |seed: u64| {
            let answers = Answers::find();
            thread::spawn(move || {
                let mut dice = Dice(seed);
                loop {
                    answers.scribble(&mut dice);
                }
            });
        };
        let soon = Duration::from_millis(100);
        let begun = pool.task().name("begin").timeout(soon).submit(begin, seed);
        let ended = std::sync::Arc::new(AtomicU64::new(0));
        let echoes: Vec<_> = (0..60u32)
            .map(|n| {
                let text = "y".repeat(1 << (n % 16));
                let task = pool.task().name("echo").timeout(soon).submit(echo, text);
                if n % 2 == 0 {
                    let ended = std::sync::Arc::clone(&ended);
                    task.add_done_callback(move |_| _ = ended.fetch_add(1, SeqCst));
                }
                if n % 5 == 0 {
                    task.cancel();
                }
                task
            })
            .collect();
        let _any = begun.result();
        for task in echoes {
            let _any = task.result();
        }
        until(|| ended.load(SeqCst) == 30);
        renew(&pool);
        echo_all(&pool);
    }
}

#[test]
fn words_spoiled_once_cost_their_worker_at_most() {
    let _watch = watch();
    let pool = pool(1);
    for seed in 0..40 {
        let attack = |seed: u64| -> Vec<u8> {
            let answers = Answers::find();
            let mut dice = Dice(seed);
            for _ in 0..1 << dice.below(12) {
                answers.scribble(&mut dice);
            }
            vec![7; dice.below(200) as usize]
        };
        let soon = Duration::from_millis(100);
        let attack = pool
            .task()
            .name("attack")
            .timeout(soon)
            .submit(attack, seed);
        let behind = pool
            .task()
            .name("behind")
            .timeout(soon)
            .submit(echo, "behind".to_owned());
        let _any = attack.result();
        let _any = behind.result();
        renew(&pool);
        echo_all(&pool);
    }
}

#[test]
fn requests_cannot_be_written() {
    let _watch = watch();
    beside(|pool| {
        let attack = |()| -> () {
            let (begin, _) = mappings()
                .into_iter()
                .find(|&(_, writable)| !writable)
                .unwrap();
            let at = std::ptr::with_exposed_provenance_mut::<u64>(begin);
            // SAFETY: none: the crash is the test.
            unsafe { at.write_volatile(1) };
        };
        let lost = lost(pool.submit(attack, ()).result());
        assert_eq!(lost.exit(), WorkerExit::Signaled(libc::SIGSEGV));
        let attack = |()| -> i32 {
            let (begin, _) = mappings()
                .into_iter()
                .find(|&(_, writable)| !writable)
                .unwrap();
            let begin = std::ptr::with_exposed_provenance_mut(begin);
            // SAFETY: an address of this process; that it stays readable is the test.
            unsafe { libc::mprotect(begin, 4096, libc::PROT_READ | libc::PROT_WRITE) }
        };
        assert_eq!(pool.submit(attack, ()).result().unwrap(), -1);
    });
}

#[test]
fn a_worker_sees_its_own_lane_alone() {
    let _watch = watch();
    // What another pool and this test hold must not be there, either.
    let _other = pool(2);
    let _file = tempfile::tempfile().unwrap();
    let pool = pool(2);
    let look = |()| {
        // SAFETY: numbers and a byte that outlives the call.
        let can_send = |fd| unsafe { libc::send(fd, b"x".as_ptr().cast(), 1, libc::MSG_NOSIGNAL) };
        assert!((0..64).all(|fd| can_send(fd) == -1), "nothing can be sent");
        let fds: Vec<String> = fs::read_dir("/proc/self/fd")
            .unwrap()
            .flatten()
            .filter_map(|entry| fs::read_link(entry.path()).ok())
            .map(|path| path.display().to_string())
            .filter(|path| !path.contains("/proc/"))
            .collect();
        (mappings().len(), fds)
    };
    for _ in 0..8 {
        let (lanes, fds) = pool.submit(look, ()).result().unwrap();
        assert_eq!(lanes, 2, "one for each direction");
        let count = |what| fds.iter().filter(|fd| fd.contains(what)).count();
        assert_eq!(count("memfd"), 0, "{fds:?}");
        // The one whose other end is the parent's life.
        assert_eq!(count("socket"), 1, "{fds:?}");
        assert!(
            fds.len() <= 5,
            "three streams, an event and a socket: {fds:?}"
        );
    }
}

#[test]
fn a_worker_without_descriptors() {
    let _watch = watch();
    beside(|pool| {
        let attack = |()| {
            // SAFETY: numbers; that they are in use is the test.
            unsafe { libc::syscall(libc::SYS_close_range, 0, u32::MAX, 0) };
        };
        let (heard, said) = mpsc::channel();
        pool.submit(attack, ())
            .add_done_callback(move |outcome| heard.send(outcome.is_ok()).unwrap());
        let _any = said.recv().unwrap();
        for _ in 0..10 {
            let (heard, said) = mpsc::channel();
            pool.submit(pid, ())
                .add_done_callback(move |outcome| heard.send(outcome.is_ok()).unwrap());
            let _any = said.recv().unwrap();
        }
    });
}

#[test]
fn a_worker_that_stops_itself_can_be_ended() {
    let _watch = watch();
    let stop = |()| -> () {
        // SAFETY: a number.
        unsafe { libc::raise(libc::SIGSTOP) };
        stay()
    };
    beside(|pool| {
        let task = pool.submit(stop, ());
        until(|| task.is_running());
        assert!(task.kill());
        assert_eq!(lost(task.result()).cause(), &LostCause::Killed);
        let task = pool
            .task()
            .name("stops")
            .timeout(Duration::from_millis(20))
            .submit(stop, ());
        assert!(matches!(task.result(), Err(TaskError::TimedOut)));
    });
}

/// The child of a worker has its memory and its event, and outlives it.
#[test]
fn a_grandchild_reaches_only_what_the_dead_worker_had() {
    let _watch = watch();
    let pool = pool(1);
    let attack = |seed: u64| -> i32 {
        let answers = Answers::find();
        // SAFETY: the child only writes memory, reads descriptors, and is killed.
        let child = unsafe { libc::fork() };
        if child == 0 {
            // Whatever becomes of the test, it does not stay.
            // SAFETY: numbers.
            unsafe { libc::alarm(20) };
            for fd in 0..3 {
                // SAFETY: as above.
                unsafe { libc::close(fd) };
            }
            for fd in 3..64 {
                // An event that is read away, and waits.
                // SAFETY: numbers.
                unsafe { libc::fcntl(fd, libc::F_SETFL, 0) };
            }
            let mut dice = Dice(seed);
            loop {
                for _ in 0..1000 {
                    answers.scribble(&mut dice);
                }
                for fd in 3..16 {
                    let mut ready = libc::pollfd {
                        fd,
                        events: libc::POLLIN,
                        revents: 0,
                    };
                    let mut count = 0u64;
                    // SAFETY: one descriptor to look at, and room for 8 bytes.
                    unsafe {
                        if libc::poll(&raw mut ready, 1, 0) == 1
                            && ready.revents & libc::POLLIN != 0
                        {
                            libc::read(fd, (&raw mut count).cast(), 8);
                        }
                    }
                }
            }
        }
        child
    };
    let mut children = Vec::new();
    for seed in 0..3 {
        let soon = Duration::from_millis(200);
        let child = pool
            .task()
            .name("parent")
            .timeout(soon)
            .submit(attack, seed)
            .result();
        children.extend(child);
        renew(&pool);
        echo_all(&pool);
        for _ in 0..50 {
            let (heard, said) = mpsc::channel();
            pool.submit(echo, "z".repeat(300))
                .add_done_callback(move |outcome| {
                    heard.send(outcome.unwrap() == &"z".repeat(300)).unwrap()
                });
            assert!(said.recv().unwrap());
        }
    }
    for child in children {
        send(child as u32, libc::SIGKILL);
    }
}
