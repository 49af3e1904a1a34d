//! The CPU quota of this process's control group, in whole cores.

use std::fs;
use std::path::{Path, PathBuf};

/// The CPU quota of this process's control groups (version 2 or 1), rounded up to whole cores. None if there is no limit.
pub fn quota() -> Option<usize> {
    let membership = fs::read_to_string("/proc/self/cgroup").ok()?;
    membership
        .lines()
        .filter_map(|line| line_quota(line, Path::new("/sys/fs/cgroup")))
        .min()
}

/// The smallest quota of the group named in one line of `/proc/self/cgroup` and of its ancestors.
fn line_quota(line: &str, root: &Path) -> Option<usize> {
    let mut fields = line.splitn(3, ':');
    let (id, controllers, group) = (fields.next()?, fields.next()?, fields.next()?);
    if id == "0" && controllers.is_empty() {
        return climb(root.to_path_buf(), group, |group| {
            let text = fs::read_to_string(group.join("cpu.max")).ok()?;
            let (quota, period) = text.trim().split_once(' ')?;
            cores(quota.parse().ok()?, period.parse().ok()?)
        });
    }
    if !controllers.split(',').any(|controller| controller == "cpu") {
        return None;
    }
    climb(root.join(controllers), group, |group| {
        let read = |name| {
            fs::read_to_string(group.join(name))
                .ok()?
                .trim()
                .parse::<u64>()
                .ok()
        };
        cores(read("cpu.cfs_quota_us")?, read("cpu.cfs_period_us")?)
    })
}

fn climb(root: PathBuf, group: &str, read: impl Fn(&Path) -> Option<usize>) -> Option<usize> {
    let inside = root.join(group.trim_start_matches('/'));
    inside
        .ancestors()
        .take_while(|path| path.starts_with(&root))
        .filter_map(read)
        .min()
}

fn cores(quota: u64, period: u64) -> Option<usize> {
    (period > 0).then(|| {
        usize::try_from(quota.div_ceil(period))
            .unwrap_or(usize::MAX)
            .max(1)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(files: &[(&str, &str)]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        root
    }

    #[test]
    fn the_smallest_quota_of_the_ancestors_counts() {
        let root = group(&[
            ("a/cpu.max", "150000 100000\n"),
            ("a/b/cpu.max", "max 100000\n"),
        ]);
        assert_eq!(line_quota("0::/a/b", root.path()), Some(2));
    }

    #[test]
    fn no_limit_is_no_quota() {
        let root = group(&[("a/cpu.max", "max 100000\n")]);
        assert_eq!(line_quota("0::/a", root.path()), None);
        assert_eq!(line_quota("0::/missing", root.path()), None);
        assert_eq!(line_quota("garbage", root.path()), None);
    }

    #[test]
    fn version_one_is_read_too() {
        let root = group(&[
            ("cpu,cpuacct/a/cpu.cfs_quota_us", "50000"),
            ("cpu,cpuacct/a/cpu.cfs_period_us", "100000"),
        ]);
        assert_eq!(line_quota("4:cpu,cpuacct:/a", root.path()), Some(1));
        assert_eq!(line_quota("5:memory:/a", root.path()), None);
    }

    #[test]
    fn the_files_of_this_system_can_be_read() {
        assert_ne!(quota(), Some(0));
    }
}
