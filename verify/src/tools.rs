//! What the sweeps have in common: they start the binary of the models or schedules again for each bug, and look whether
//! a test minds.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

pub type Error = Box<dyn std::error::Error + Send + Sync>;

/// What became of a test.
pub enum Run {
    Passed,
    /// And what it said.
    Failed(String),
    /// A model was cut off before it had explored everything.
    Undecided,
    /// It ran out of time.
    Hung,
}

/// The names of a binary's tests.
pub fn tests(binary: &Path) -> Result<Vec<String>, Error> {
    let list = Command::new(binary)
        .args(["--list", "--format", "terse"])
        .output()?;
    let list = String::from_utf8(list.stdout)?;
    let names = list.lines().filter_map(|line| line.strip_suffix(": test"));
    let names: Vec<String> = names.map(ToOwned::to_owned).collect();
    if names.is_empty() {
        return Err(
            "the binary has no tests: was it built with --cfg raddle_loom or raddle_shuttle?"
                .into(),
        );
    }
    Ok(names)
}

/// How much longer than its limit of processor time a test may take: others may run beside it.
const WALL: u32 = 10;

/// Runs one test of a binary under these variables. It may use so much processor time.
pub fn run(
    binary: &Path,
    test: &str,
    variables: &[(&str, &str)],
    limit: Duration,
) -> Result<Run, Error> {
    let mut child = Command::new(binary)
        .args(["--exact", test])
        .envs(variables.iter().copied())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    let stdout = child.stdout.take().expect("piped");
    // A failed model may print more than a pipe holds.
    let reader = thread::spawn(|| std::io::read_to_string(stdout));
    let deadline = Instant::now() + limit * WALL;
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break Some(status);
        }
        if Instant::now() > deadline || processor_time(child.id())? > limit {
            child.kill()?;
            child.wait()?;
            break None;
        }
        thread::sleep(Duration::from_millis(2));
    };
    let output = reader.join().expect("it does not panic")?;
    Ok(match status {
        None => Run::Hung,
        Some(status) if status.success() => Run::Passed,
        Some(status) => {
            let why = output.lines().find_map(|line| line.split_once("FAILED: "));
            match why {
                Some((_, why)) if why.contains("cut off before") => Run::Undecided,
                Some((_, why)) => Run::Failed(why.chars().take(80).collect()),
                None => Run::Failed(status.to_string()),
            }
        }
    })
}

/// What a process has used so far, as the kernel accounts for it: in hundredths of a second.
fn processor_time(process: u32) -> Result<Duration, Error> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat"))?;
    // The name, in brackets, may have anything in it.
    let fields = stat.rsplit(')').next().unwrap_or_default();
    let ticks = fields
        .split_whitespace()
        .skip(11)
        .take(2)
        .map(str::parse::<u64>);
    let ticks = ticks.sum::<Result<u64, _>>()?;
    Ok(Duration::from_millis(10 * ticks))
}

/// Calls `f` for each item, as many side by side as there are cores; the results are in the items' order.
pub fn each<T: Sync, R: Send>(
    items: &[T],
    f: impl Fn(&T) -> Result<R, Error> + Sync,
) -> Result<Vec<R>, Error> {
    let next = AtomicUsize::new(0);
    let results = Mutex::new(BTreeMap::new());
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                while let Some((index, item)) = {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    items.get(index).map(|item| (index, item))
                } {
                    let result = f(item);
                    results.lock().expect("not poisoned").insert(index, result);
                }
            });
        }
    });
    let results = results.into_inner().expect("not poisoned");
    results.into_values().collect()
}
