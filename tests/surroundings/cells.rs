//! All surroundings that are tried.

use crate::inside::{pause, skip};
use crate::namespaces::{self, Setting};
use crate::seccomp::{Call, When, deny};
use raddle::process::Start;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// When something is arranged.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// Before anything is built.
    Before,
    /// Once both pools are built.
    After,
}

pub struct Table {
    pub title: &'static str,
    pub text: &'static str,
    pub columns: &'static [&'static str],
}

pub const TABLES: &[Table] = &[
    Table {
        title: "Limits",
        text: "Set for the program (`setrlimit`) before it builds a pool; its workers inherit them.",
        columns: &["Limit", "Outcome"],
    },
    Table {
        title: "Places",
        text: "What the program finds around it, or does to itself.",
        columns: &["Surroundings", "Outcome"],
    },
    Table {
        title: "System calls that are denied",
        text: "By a filter (seccomp) that answers `EPERM` or `ENOSYS`: of the program before it builds a pool (which its workers \
               inherit), of the program and all its threads once the pool is built (replacements inherit it), or of each worker, by its \
               sandbox hook.",
        columns: &["Call", "Before", "After", "In workers"],
    },
];

type Arrange = Box<dyn Fn() + Send + Sync>;

pub struct Cell {
    pub name: String,
    pub table: usize,
    pub row: &'static str,
    pub column: usize,
    /// Which of several that share a place in the table.
    pub variant: String,
    pub start: Start,
    pub needs_root: bool,
    pub group: Option<Setting>,
    /// The process pool pins its worker.
    pub pinned: bool,
    /// Its workers change their niceness.
    pub nice: bool,
    /// Of each worker.
    pub limit: Option<raddle::process::Limit>,
    /// No worker dies but the one that is killed, which then is none of the replacements.
    pub without_death: bool,
    /// The program ends all at once, while its workers run tasks.
    pub dies: bool,
    /// A task that looks around: what it says is wrong.
    pub look: Option<fn(()) -> String>,
    before: Option<Arrange>,
    after: Option<Arrange>,
    pub in_worker: Option<Arrange>,
}

impl Cell {
    fn new(table: usize, row: &'static str, variant: impl Into<String>) -> Self {
        let variant = variant.into();
        Self {
            name: format!("{row} {variant}").trim_end().to_owned(),
            table,
            row,
            column: 0,
            variant,
            start: Start::BeforeMain,
            needs_root: false,
            group: None,
            pinned: false,
            nice: false,
            limit: None,
            without_death: false,
            dies: false,
            look: None,
            before: None,
            after: None,
            in_worker: None,
        }
    }

    fn before(mut self, arrange: impl Fn() + Send + Sync + 'static) -> Self {
        self.before = Some(Box::new(arrange));
        self
    }

    fn after(mut self, arrange: impl Fn() + Send + Sync + 'static) -> Self {
        self.after = Some(Box::new(arrange));
        self
    }

    fn for_root(mut self) -> Self {
        self.needs_root = true;
        self
    }

    pub fn arrange(&self, moment: Moment) {
        if moment == Moment::Before && self.group.is_some() {
            pause("group");
        }
        let arrange = match moment {
            Moment::Before => &self.before,
            Moment::After => &self.after,
        };
        if let Some(arrange) = arrange {
            arrange();
        }
    }
}

pub fn named(name: &str) -> Cell {
    let mut cells = all();
    let at = cells.iter().position(|cell| cell.name == name);
    cells.swap_remove(at.expect("a cell of that name"))
}

pub fn all() -> Vec<Cell> {
    let mut cells = limits();
    cells.extend(places());
    cells.extend(calls());
    cells
}

fn limit(resource: u32, value: u64) {
    let limit = libc::rlimit {
        rlim_cur: value,
        rlim_max: value,
    };
    // SAFETY: reads a struct that outlives the call.
    if unsafe { libc::setrlimit(resource as _, &raw const limit) } != 0 {
        skip(&format!("setrlimit: {}", std::io::Error::last_os_error()));
    }
}

fn bytes(value: u64) -> String {
    for (unit, name) in [(1u64 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")] {
        if value >= unit && value.is_multiple_of(unit) {
            return format!("{} {name}", value / unit);
        }
    }
    value.to_string()
}

fn limits() -> Vec<Cell> {
    const KIB: u64 = 1 << 10;
    const MIB: u64 = 1 << 20;
    const GIB: u64 = 1 << 30;
    let sizes: [(&str, u32, &[u64]); 6] = [
        (
            "`RLIMIT_AS`",
            libc::RLIMIT_AS,
            &[64 * GIB, 8 * GIB, GIB, 256 * MIB, 64 * MIB],
        ),
        (
            "`RLIMIT_FSIZE`",
            libc::RLIMIT_FSIZE,
            &[GIB, 8 * MIB, MIB, 64 * KIB, 0],
        ),
        ("`RLIMIT_DATA`", libc::RLIMIT_DATA, &[GIB, 64 * MIB]),
        (
            "`RLIMIT_STACK`",
            libc::RLIMIT_STACK,
            &[libc::RLIM_INFINITY, 64 * MIB, MIB, 256 * KIB],
        ),
        ("`RLIMIT_CORE`", libc::RLIMIT_CORE, &[0]),
        ("`RLIMIT_MEMLOCK`", libc::RLIMIT_MEMLOCK, &[0]),
    ];
    let numbers: [(&str, u32, &[u64]); 9] = [
        ("`RLIMIT_CPU` (seconds)", libc::RLIMIT_CPU, &[3600, 60]),
        ("`RLIMIT_LOCKS`", libc::RLIMIT_LOCKS, &[0]),
        ("`RLIMIT_MSGQUEUE`", libc::RLIMIT_MSGQUEUE, &[0]),
        ("`RLIMIT_NICE`", libc::RLIMIT_NICE, &[0]),
        (
            "`RLIMIT_NOFILE`",
            libc::RLIMIT_NOFILE,
            &[1024, 64, 24, 16, 12, 8, 4],
        ),
        ("`RLIMIT_RSS`", libc::RLIMIT_RSS, &[0]),
        ("`RLIMIT_RTPRIO`", libc::RLIMIT_RTPRIO, &[0]),
        ("`RLIMIT_RTTIME` (microseconds)", libc::RLIMIT_RTTIME, &[1]),
        ("`RLIMIT_SIGPENDING`", libc::RLIMIT_SIGPENDING, &[0]),
    ];
    let mut cells = Vec::new();
    for (row, resource, values) in sizes {
        for &value in values {
            let variant = match value {
                libc::RLIM_INFINITY => "none".to_owned(),
                value => bytes(value),
            };
            cells.push(Cell::new(0, row, variant).before(move || limit(resource, value)));
        }
    }
    for (row, resource, values) in numbers {
        for &value in values {
            let cell = Cell::new(0, row, value.to_string());
            cells.push(cell.before(move || limit(resource, value)));
        }
    }
    cells.push(
        Cell::new(
            0,
            "`RLIMIT_FSIZE`, changed all the time while pools are built",
            "",
        )
        .before(build_under_a_changing_limit),
    );
    let mut cell = Cell::new(
        0,
        "`RLIMIT_AS` of 8 GiB, and `Limit::AddressSpace` beyond it",
        "",
    );
    cell.limit = Some(raddle::process::Limit::AddressSpace(64 * GIB));
    // Root may raise it.
    cells.push(cell.for_root().before(|| {
        namespaces::become_user(233_000);
        limit(libc::RLIMIT_AS, 8 * GIB);
    }));
    // Root has no such limit; each cell is a user of its own, which has no other processes.
    for (at, value) in [64, 6, 4, 3, 1].into_iter().enumerate() {
        let cell = Cell::new(0, "`RLIMIT_NPROC`", value.to_string()).for_root();
        cells.push(cell.before(move || {
            namespaces::become_user(234_000 + at as u32);
            limit(libc::RLIMIT_NPROC, value);
        }));
    }
    cells
}

/// Each build works or says that it could not have its file; none ends this program.
fn build_under_a_changing_limit() {
    let over = Arc::new(AtomicBool::new(false));
    let soft = |bytes| {
        let limit = libc::rlimit {
            rlim_cur: bytes,
            rlim_max: libc::RLIM_INFINITY,
        };
        // SAFETY: reads a struct that outlives the call.
        unsafe { libc::setrlimit(libc::RLIMIT_FSIZE, &raw const limit) };
    };
    let is_over = Arc::clone(&over);
    let changing = std::thread::spawn(move || {
        while !is_over.load(Ordering::Relaxed) {
            soft(0);
            soft(libc::RLIM_INFINITY);
        }
    });
    for _ in 0..50 {
        if let Err(error) = raddle::ProcessPool::new(1) {
            let text = format!("{error:#}");
            assert!(text.contains("RLIMIT_FSIZE"), "{text}");
        }
    }
    over.store(true, Ordering::Relaxed);
    changing.join().expect("it only sets limits");
}

fn ignore(signal: i32) {
    // SAFETY: numbers only.
    unsafe { libc::signal(signal, libc::SIG_IGN) };
}

/// No signal reaches this thread, nor those that it starts.
fn block_all() {
    // SAFETY: sets of ours.
    unsafe {
        let mut all: libc::sigset_t = std::mem::zeroed();
        libc::sigfillset(&raw mut all);
        libc::pthread_sigmask(libc::SIG_BLOCK, &raw const all, std::ptr::null_mut());
    }
}

/// Is any signal blocked or ignored here, but for the one that Rust ignores? Can what a task starts be interrupted?
fn signals_are_as_new(_: ()) -> String {
    let mut found = String::new();
    // SAFETY: structs of ours, which the calls fill in.
    unsafe {
        let mut set: libc::sigset_t = std::mem::zeroed();
        libc::pthread_sigmask(libc::SIG_BLOCK, std::ptr::null(), &raw mut set);
        for signal in 1..=64 {
            let mut action: libc::sigaction = std::mem::zeroed();
            let asked = libc::sigaction(signal, std::ptr::null(), &raw mut action);
            let ignored = asked == 0 && action.sa_sigaction == libc::SIG_IGN;
            if libc::sigismember(&raw const set, signal) == 1 {
                found += &format!("{signal} is blocked; ");
            }
            if ignored != (signal == libc::SIGPIPE) {
                found += &format!("{signal} ignored: {ignored}; ");
            }
        }
    }
    for (name, number) in [
        ("INT", libc::SIGINT),
        ("TERM", libc::SIGTERM),
        ("PIPE", libc::SIGPIPE),
    ] {
        let program = format!("kill -{name} $$; exit 0");
        let status = Command::new("sh").args(["-c", &program]).status();
        let signal = status.map(|status| std::os::unix::process::ExitStatusExt::signal(&status));
        if !matches!(signal, Ok(Some(ended)) if ended == number) {
            found += &format!("a program was sent {name}: {signal:?}; ");
        }
    }
    found
}

fn many_descriptors() {
    limit(libc::RLIMIT_NOFILE, 8192);
    for _ in 0..5000 {
        // SAFETY: numbers only; every process that is started gets them.
        if unsafe { libc::fcntl(2, libc::F_DUPFD, 200) } < 0 {
            skip(&format!("dup: {}", std::io::Error::last_os_error()));
        }
    }
}

/// Only these three are open, as a look at the descriptors shows.
fn descriptors_are_closed(_: ()) -> String {
    let open = std::fs::read_dir("/proc/self/fd").map_or(0, Iterator::count);
    // The three streams, the event, the parent's socket, and the one that lists them.
    if open <= 6 {
        String::new()
    } else {
        format!("{open} descriptors are open")
    }
}

fn close_streams() {
    for fd in 0..3 {
        // SAFETY: numbers only: the streams of this process, which no object owns.
        unsafe { libc::close(fd) };
    }
}

fn reap_for_ever() {
    std::thread::spawn(|| {
        loop {
            // SAFETY: a null pointer stands for no interest.
            if unsafe { libc::waitpid(-1, std::ptr::null_mut(), 0) } < 0 {
                std::thread::sleep(std::time::Duration::from_micros(100));
            }
        }
    });
}

fn places() -> Vec<Cell> {
    let place = |row| Cell::new(1, row, "");
    let mut cells = vec![
        place("nothing special"),
        place("no `/proc`")
            .for_root()
            .before(|| namespaces::hide("/proc")),
        place("no `/proc` once the pools are built")
            .for_root()
            .before(namespaces::own_mounts)
            .after(|| namespaces::hide_late("/proc")),
        place("an empty `/sys`")
            .for_root()
            .before(|| namespaces::hide("/sys")),
        place("an empty `/dev`")
            .for_root()
            .before(|| namespaces::hide("/dev")),
        place("a root that cannot be written")
            .for_root()
            .before(namespaces::read_only_root),
        place("a full disk on `/tmp`")
            .for_root()
            .before(namespaces::full_disk),
        place("chroot with `/proc`, `/dev` and the libraries")
            .for_root()
            .before(namespaces::furnished_root),
        place("chroot into nothing")
            .for_root()
            .before(namespaces::bare_root),
        place("chroot into nothing once the pools are built")
            .for_root()
            .before(namespaces::own_mounts)
            .after(namespaces::bare_root_late),
        place("another user once the pools are built")
            .for_root()
            .after(|| namespaces::become_user(235_000)),
        place("another user")
            .for_root()
            .before(|| namespaces::become_user(235_001)),
        place("standard streams closed").before(close_streams),
        place("5,000 descriptors that each child inherits").before(many_descriptors),
        place("`SIGCHLD` ignored").before(|| ignore(libc::SIGCHLD)),
        place("a thread that waits for any child").before(reap_for_ever),
        place("all signals blocked").before(block_all),
        place("all signals ignored").before(|| {
            (1..=64)
                .filter(|&signal| signal != libc::SIGCHLD)
                .for_each(ignore);
        }),
    ];
    cells.push(place("the program is killed"));
    let cell = place("the program is killed, as another user than its workers").for_root();
    cells.push(cell.after(|| namespaces::become_user(235_002)));
    for cell in &mut cells {
        cell.without_death = cell.row == "another user once the pools are built";
        cell.dies = cell.row.contains("is killed");
        if cell.row.contains("signals") {
            cell.look = Some(signals_are_as_new);
        }
        if cell.row.contains("descriptors") {
            cell.look = Some(descriptors_are_closed);
        }
    }
    for row in ["all signals blocked", "all signals ignored"] {
        let mut cell = Cell::new(1, row, "workers begin in `main`");
        let at = cells.iter().position(|other| other.row == row);
        let other = &cells[at.expect("as above")];
        cell.look = other.look;
        cell.start = Start::Main;
        let ignored = row.ends_with("ignored");
        let cell = cell.before(move || {
            if ignored {
                (1..=64)
                    .filter(|&signal| signal != libc::SIGCHLD)
                    .for_each(ignore);
            } else {
                block_all();
            }
        });
        cells.push(cell);
    }
    let groups = [
        (
            "half a core (control group)",
            Setting {
                controller: "cpu",
                first: ("cpu.cfs_quota_us", "50000"),
                second: ("cpu.max", "50000 100000"),
            },
        ),
        (
            "4 GiB of memory (control group)",
            Setting {
                controller: "memory",
                first: ("memory.limit_in_bytes", "4294967296"),
                second: ("memory.max", "4294967296"),
            },
        ),
        (
            "4 processes and threads (control group)",
            Setting {
                controller: "pids",
                first: ("pids.max", "4"),
                second: ("pids.max", "4"),
            },
        ),
    ];
    for (row, setting) in groups {
        let mut cell = Cell::new(1, row, "");
        cell.group = Some(setting);
        cells.push(cell);
    }
    cells
}

fn calls() -> Vec<Cell> {
    use When::{Always, ArgumentHas, ArgumentIs, ArgumentLacks};
    const SEALS: &[u32] = &[libc::F_ADD_SEALS as u32, libc::F_GET_SEALS as u32];
    const STATUS: &[u32] = &[libc::F_SETFL as u32];
    const COPY: &[u32] = &[libc::F_DUPFD_CLOEXEC as u32];
    let one = |number| vec![Call(number, Always)];
    let when = |number, when| vec![Call(number, when)];
    let calls: Vec<(&'static str, Vec<Call>)> = vec![
        ("`memfd_create`", one(libc::SYS_memfd_create)),
        (
            "`memfd_create` without `MFD_NOEXEC_SEAL`",
            when(
                libc::SYS_memfd_create,
                ArgumentLacks(1, libc::MFD_NOEXEC_SEAL),
            ),
        ),
        ("`ftruncate`", one(libc::SYS_ftruncate)),
        (
            "`fcntl` of seals",
            when(libc::SYS_fcntl, ArgumentIs(1, SEALS)),
        ),
        (
            "`fcntl`, `F_SETFL`",
            when(libc::SYS_fcntl, ArgumentIs(1, STATUS)),
        ),
        (
            "`fcntl`, `F_DUPFD_CLOEXEC`",
            when(libc::SYS_fcntl, ArgumentIs(1, COPY)),
        ),
        (
            "`mmap`, `MAP_SHARED`",
            when(libc::SYS_mmap, ArgumentHas(3, 1)),
        ),
        ("`madvise`", one(libc::SYS_madvise)),
        ("`pidfd_open`", one(libc::SYS_pidfd_open)),
        ("`pidfd_send_signal`", one(libc::SYS_pidfd_send_signal)),
        (
            "`pidfd_send_signal` and `kill`",
            [one(libc::SYS_pidfd_send_signal), one(libc::SYS_kill)].concat(),
        ),
        ("`waitid`", one(libc::SYS_waitid)),
        ("`clone`", one(libc::SYS_clone)),
        ("`clone3`", one(libc::SYS_clone3)),
        (
            "`clone` and `clone3`",
            [one(libc::SYS_clone), one(libc::SYS_clone3)].concat(),
        ),
        ("`execve`", one(libc::SYS_execve)),
        ("`prctl`", one(libc::SYS_prctl)),
        ("`eventfd2`", one(libc::SYS_eventfd2)),
        ("`epoll_create1`", one(libc::SYS_epoll_create1)),
        ("`epoll_ctl`", one(libc::SYS_epoll_ctl)),
        #[cfg(target_arch = "x86_64")]
        ("`epoll_wait`", one(libc::SYS_epoll_wait)),
        ("`epoll_pwait`", one(libc::SYS_epoll_pwait)),
        #[cfg(target_arch = "x86_64")]
        (
            "`epoll_wait` and `epoll_pwait`",
            [one(libc::SYS_epoll_wait), one(libc::SYS_epoll_pwait)].concat(),
        ),
        ("`epoll_pwait2`", one(libc::SYS_epoll_pwait2)),
        ("`timerfd_create`", one(libc::SYS_timerfd_create)),
        ("`sched_setaffinity`", one(libc::SYS_sched_setaffinity)),
        ("`sched_getaffinity`", one(libc::SYS_sched_getaffinity)),
        ("`futex_waitv`", one(libc::SYS_futex_waitv)),
        ("`membarrier`", one(libc::SYS_membarrier)),
        ("`setpriority`", one(libc::SYS_setpriority)),
        ("`getrandom`", one(libc::SYS_getrandom)),
        ("`close_range`", one(libc::SYS_close_range)),
        ("`socketpair`", one(libc::SYS_socketpair)),
        ("`sendmsg`", one(libc::SYS_sendmsg)),
        ("`recvmsg`", one(libc::SYS_recvmsg)),
        ("`getsockopt`", one(libc::SYS_getsockopt)),
        ("`shutdown`", one(libc::SYS_shutdown)),
        ("`sched_yield`", one(libc::SYS_sched_yield)),
        (
            "`rt_sigtimedwait`, `rt_sigpending`",
            [one(libc::SYS_rt_sigtimedwait), one(libc::SYS_rt_sigpending)].concat(),
        ),
    ];
    let mut cells = Vec::new();
    for (row, denied) in calls {
        for (errno, number) in [("EPERM", libc::EPERM), ("ENOSYS", libc::ENOSYS)] {
            for (column, moment) in ["before", "after", "in workers"].into_iter().enumerate() {
                let mut cell = Cell::new(2, row, errno);
                cell.name = format!("{row} {errno} {moment}");
                cell.column = column;
                cell.pinned = row.contains("affinity");
                cell.nice = row.contains("priority");
                let denied = denied.clone();
                let deny = move || deny(&denied, number);
                let cell = match column {
                    0 => cell.before(deny),
                    1 => cell.after(deny),
                    _ => {
                        cell.in_worker = Some(Box::new(deny));
                        cell
                    }
                };
                cells.push(cell);
            }
        }
    }
    cells
}
