//! Who starts a cell, watches it, and looks at what it has left.

use crate::cells::Cell;
use crate::inside::WATCHER;
use crate::namespaces::Group;
use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, ErrorKind, Write};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A cell that says nothing for so long hangs.
const SILENCE: Duration = Duration::from_secs(60);
/// The system may take so long to forget a thread that was joined.
const AFTERGLOW: Duration = Duration::from_secs(5);

#[derive(Debug, Clone)]
pub enum Outcome {
    /// For each pool the first stage that was refused something, and what the error said.
    Ran(BTreeMap<String, Option<(String, String)>>),
    /// As `Ran`, and it ended itself, as it was to.
    Died(BTreeMap<String, Option<(String, String)>>),
    Skipped(String),
    Fault(String),
}

/// What a process has.
#[derive(Default)]
struct Belongings {
    descriptors: Vec<String>,
    threads: usize,
    processes: usize,
}

/// The state of a process, and its session.
fn stat(pid: u32) -> Option<(char, u32)> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, fields) = stat.rsplit_once(") ")?;
    let mut fields = fields.split(' ');
    Some((fields.next()?.chars().next()?, fields.nth(2)?.parse().ok()?))
}

fn members(leader: u32) -> Vec<u32> {
    let pids = fs::read_dir("/proc").expect("/proc").flatten();
    pids.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter(|&pid| stat(pid).is_some_and(|(_, session)| session == leader))
        .collect()
}

/// Who still lives of a cell whose program has died.
fn survivors(leader: u32) -> Vec<u32> {
    let until = Instant::now() + AFTERGLOW;
    loop {
        let mut alive = members(leader);
        alive.retain(|&pid| pid != leader && stat(pid).is_some_and(|(state, _)| state != 'Z'));
        if alive.is_empty() || Instant::now() > until {
            return alive;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}

fn belongings(pid: u32) -> Belongings {
    let open = fs::read_dir(format!("/proc/{pid}/fd")).map(|found| {
        found
            .flatten()
            .map(|entry| {
                fs::read_link(entry.path())
                    .map_or_else(|e| e.to_string(), |to| to.display().to_string())
            })
            // The standard library keeps it where there is no getrandom.
            .filter(|name| name != "/dev/urandom")
            .collect()
    });
    let threads = fs::read_dir(format!("/proc/{pid}/task")).map(Iterator::count);
    Belongings {
        descriptors: open.unwrap_or_default(),
        threads: threads.unwrap_or(0),
        processes: members(pid).len(),
    }
}

/// What is there now and was not before.
fn left_behind(before: &Belongings, pid: u32) -> Option<String> {
    let until = Instant::now() + AFTERGLOW;
    loop {
        let now = belongings(pid);
        let more = now.descriptors.len() > before.descriptors.len();
        if !more && now.threads <= before.threads && now.processes <= before.processes {
            return None;
        }
        if Instant::now() > until {
            return Some(format!(
                "{} threads ({} before), {} processes ({}), descriptors {:?} ({:?})",
                now.threads,
                before.threads,
                now.processes,
                before.processes,
                now.descriptors,
                before.descriptors
            ));
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}

fn start(cell: &Cell, theirs: &UnixStream) -> std::io::Result<Child> {
    let mut command = Command::new(std::env::current_exe()?);
    command
        .env(crate::CELL, &cell.name)
        .env_remove("RUST_BACKTRACE")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    let theirs = theirs.as_raw_fd();
    // SAFETY: two system calls, and nothing is allocated.
    unsafe {
        command.pre_exec(move || {
            libc::setsid();
            if libc::dup2(theirs, WATCHER) < 0 {
                return Err(std::io::Error::last_os_error());
            }
            Ok(())
        })
    };
    command.spawn()
}

pub fn run(cell: &Cell) -> Outcome {
    // SAFETY: no arguments.
    if cell.needs_root && unsafe { libc::geteuid() } != 0 {
        return Outcome::Skipped("it needs to be root".to_owned());
    }
    let group = match cell.group.as_ref().map(Group::new).transpose() {
        Ok(group) => group,
        Err(error) => return Outcome::Skipped(format!("no control group can be made: {error}")),
    };
    let (ours, theirs) = UnixStream::pair().expect("a pair of sockets");
    ours.set_read_timeout(Some(SILENCE)).expect("a timeout");
    let mut child = start(cell, &theirs).expect("this program starts");
    drop(theirs);
    // Read as it comes, so that the writer never waits for a full pipe.
    let mut stderr = child.stderr.take().expect("piped");
    let said = std::thread::spawn(move || {
        let mut text = Vec::new();
        let _ = std::io::Read::read_to_end(&mut stderr, &mut text);
        String::from_utf8_lossy(&text).into_owned()
    });
    let outcome = watch(&mut child, &ours, group.as_ref());
    if let Ok(Outcome::Ran(_) | Outcome::Died(_)) = outcome {
        let until = Instant::now() + SILENCE;
        while Instant::now() < until && child.try_wait().is_ok_and(|status| status.is_none()) {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
    // Nobody of a cell that went wrong stays.
    for pid in members(child.id()) {
        // SAFETY: numbers: of the session that was made for this cell.
        unsafe { libc::kill(pid as i32, libc::SIGKILL) };
    }
    let status = child.wait().expect("its status");
    let said = said.join().expect("what it said");
    match outcome {
        Ok(Outcome::Ran(_)) if !status.success() => {
            Outcome::Fault(format!("the program ended with {status}: {said}"))
        }
        Ok(Outcome::Ran(_)) if said.contains("src/") && said.contains("panicked at src/") => {
            Outcome::Fault(format!("the library panicked: {said}"))
        }
        Ok(Outcome::Died(pools)) if status.signal() == Some(libc::SIGKILL) => Outcome::Ran(pools),
        Ok(Outcome::Died(_)) => Outcome::Fault(format!("it ended with {status}: {said}")),
        Ok(outcome) => outcome,
        Err(what) => {
            let how = match status.signal() {
                Some(libc::SIGKILL) | None => String::new(),
                Some(signal) => format!(" (signal {signal})"),
            };
            Outcome::Fault(format!("{what}{how}: {said}"))
        }
    }
}

fn watch(child: &mut Child, ours: &UnixStream, group: Option<&Group>) -> Result<Outcome, String> {
    let mut stage = "the beginning".to_owned();
    let mut before = Belongings::default();
    let mut pools: BTreeMap<String, Option<(String, String)>> = BTreeMap::new();
    let mut lines = BufReader::new(ours);
    loop {
        let mut line = String::new();
        match lines.read_line(&mut line) {
            Ok(0) => return Err(format!("it ended at {stage}")),
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                return Err(format!("it HANGS at {stage}"));
            }
            Err(error) => return Err(format!("it cannot be heard at {stage}: {error}")),
        }
        let line = line.trim_end();
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        let go_on = || {
            (&mut &*ours)
                .write_all(b".")
                .map_err(|error| error.to_string())
        };
        match word {
            "stage" => stage = rest.to_owned(),
            "ok" => {
                let (pool, _) = rest.split_once(' ').unwrap_or((rest, ""));
                pools.entry(pool.to_owned()).or_default();
            }
            "error" => {
                let (pool, rest) = rest.split_once(' ').unwrap_or((rest, ""));
                // Stages may have several words: the one that was told of last, or `build`.
                let at = match stage.split_once(": ") {
                    Some((_, at)) => at.to_owned(),
                    None => stage.clone(),
                };
                let text = rest.strip_prefix(&at).unwrap_or(rest).trim();
                if text.contains("WRONG") {
                    return Err(format!("at {stage}: {text}"));
                }
                let found = pools.entry(pool.to_owned()).or_default();
                found.get_or_insert_with(|| (at, text.to_owned()));
            }
            "dies" => {
                // Its end of the line, whichever way that is told.
                let _ = lines.read_line(&mut String::new());
                let left = survivors(child.id());
                if !left.is_empty() {
                    return Err(format!("its workers live on: {left:?}"));
                }
                pools.entry("threads".to_owned()).or_default();
                return Ok(Outcome::Died(pools));
            }
            "skip" => return Ok(Outcome::Skipped(rest.to_owned())),
            "group" => {
                if let Some(group) = group {
                    group
                        .take_in(child.id())
                        .map_err(|error| format!("the control group takes nobody: {error}"))?;
                }
                go_on()?;
            }
            "base" => {
                before = belongings(child.id());
                go_on()?;
            }
            "end" => {
                if let Some(left) = left_behind(&before, child.id()) {
                    return Err(format!("it leaves behind {left}"));
                }
                go_on()?;
                // Its end.
                let mut rest = String::new();
                let _ = lines.read_line(&mut rest);
                return Ok(Outcome::Ran(pools));
            }
            _ => return Err(format!("it says {line:?}")),
        }
    }
}
