//! How many workers a pool has by default under a processor quota of a real control group.

use crate::common::watch;
use raddle::ThreadPool;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

/// A control group of this test's own, with one inside it.
struct Group {
    outer: PathBuf,
    version: u32,
}

impl Group {
    /// Where the kernel lets us: at the top of version 2's tree, or of version 1's for the processor.
    fn new() -> io::Result<Self> {
        let top = Path::new("/sys/fs/cgroup");
        let name = format!("raddle-test-{}", std::process::id());
        let controllers = fs::read_to_string(top.join("cgroup.controllers")).unwrap_or_default();
        if controllers.split_whitespace().any(|one| one == "cpu") {
            let enabled = fs::read_to_string(top.join("cgroup.subtree_control"))?;
            if !enabled.split_whitespace().any(|one| one == "cpu") {
                return Err(io::Error::other("version 2 does not pass cpu.max on"));
            }
            Self::at(top.join(name), 2)
        } else {
            Self::at(top.join("cpu").join(name), 1)
        }
    }

    fn at(outer: PathBuf, version: u32) -> io::Result<Self> {
        fs::create_dir(&outer)?;
        // From here on it is taken away again.
        let group = Self { outer, version };
        fs::create_dir(group.inner())?;
        group.limit(Some(100_000))?;
        Ok(group)
    }

    fn inner(&self) -> PathBuf {
        self.outer.join("inner")
    }

    /// Microseconds in each tenth of a second.
    fn limit(&self, quota: Option<u32>) -> io::Result<()> {
        let (file, text) = match (self.version, quota) {
            (2, None) => ("cpu.max", "max 100000".to_owned()),
            (2, Some(quota)) => ("cpu.max", format!("{quota} 100000")),
            (_, None) => ("cpu.cfs_quota_us", "-1".to_owned()),
            (_, Some(quota)) => ("cpu.cfs_quota_us", quota.to_string()),
        };
        fs::write(self.outer.join(file), text)
    }

    /// The default size of a pool in a process inside.
    fn default_workers(&self) -> usize {
        let out = Command::new("sh")
            .arg("-c")
            .arg(r#"echo $$ > "$RADDLE_TEST_GROUP/cgroup.procs" && exec "$@""#)
            .arg("sh")
            .arg(std::env::current_exe().unwrap())
            .args([
                "quota::default_workers_under_a_real_quota",
                "--exact",
                "--nocapture",
            ])
            .env("RADDLE_TEST_GROUP", self.inner())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&out.stdout);
        let workers = said.split_once("workers=").and_then(|(_, rest)| {
            let digits = rest.split(|c: char| !c.is_ascii_digit()).next()?;
            digits.parse().ok()
        });
        workers.unwrap_or_else(|| panic!("{}\n{said}\n{out:?}", out.status))
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        let _ = fs::remove_dir(self.inner());
        let _ = fs::remove_dir(&self.outer);
    }
}

fn default_workers() -> usize {
    ThreadPool::builder().build().unwrap().workers()
}

#[test]
fn default_workers_under_a_real_quota() {
    let _watch = watch();
    if std::env::var_os("RADDLE_TEST_GROUP").is_some() {
        println!("workers={}", default_workers());
        return;
    }
    let group = match Group::new() {
        Ok(group) => group,
        Err(why) => {
            // Past the test harness, which keeps what a test prints.
            let _ = writeln!(
                io::stderr(),
                "skipped: no control group with a processor quota can be made here: {why}"
            );
            return;
        }
    };
    let free = default_workers();
    if free == 1 {
        let _ = writeln!(
            io::stderr(),
            "one core or quota of one: the quota decides nothing here"
        );
    }
    for (quota, cores) in [
        (Some(50_000), 1),
        (Some(100_000), 1),
        (Some(100_001), 2),
        (Some(250_000), 3),
        (None, usize::MAX),
    ] {
        group.limit(quota).unwrap();
        assert_eq!(
            group.default_workers(),
            free.min(cores),
            "{quota:?} of 100000, version {}",
            group.version
        );
    }
}
