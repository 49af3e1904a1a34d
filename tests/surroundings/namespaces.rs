//! Mounts and roots that this process alone sees, and control groups of its own.

use crate::inside::skip;
use std::ffi::CString;
use std::io;
use std::path::{Path, PathBuf};

fn c(text: &str) -> CString {
    CString::new(text).unwrap()
}

fn check(result: i32, what: &str) {
    if result != 0 {
        skip(&format!("{what}: {}", io::Error::last_os_error()));
    }
}

fn mount(what: &str, at: &str, kind: &str, flags: libc::c_ulong, options: &str) {
    let [what, to, kind, options] = [what, at, kind, options].map(c);
    // SAFETY: strings that outlive the call.
    let mounted = unsafe {
        libc::mount(
            what.as_ptr(),
            to.as_ptr(),
            kind.as_ptr(),
            flags,
            options.as_ptr().cast(),
        )
    };
    check(mounted, &format!("mounting {at}"));
}

/// No other process sees what is mounted from now on. For a process that has no threads yet.
pub fn own_mounts() {
    // SAFETY: numbers only.
    check(unsafe { libc::unshare(libc::CLONE_NEWNS) }, "unshare");
    mount("none", "/", "none", libc::MS_REC | libc::MS_PRIVATE, "");
}

/// Nothing is there any more.
pub fn hide(folder: &str) {
    own_mounts();
    mount("none", folder, "tmpfs", 0, "size=64k");
}

/// As [`hide`], where [`own_mounts`] were made before.
pub fn hide_late(folder: &str) {
    mount("none", folder, "tmpfs", 0, "size=64k");
}

pub fn read_only_root() {
    own_mounts();
    let flags = libc::MS_REMOUNT | libc::MS_BIND | libc::MS_RDONLY;
    mount("none", "/", "none", flags, "");
    let written = std::fs::write("/raddle-was-here", "");
    assert!(written.is_err(), "the root can be written to");
}

pub fn full_disk() {
    hide("/tmp");
    let mut file = std::fs::File::create("/tmp/full").expect("a file");
    while std::io::Write::write(&mut file, &[1; 4096]).is_ok_and(|written| written > 0) {}
    assert!(
        std::fs::write("/tmp/more", [1; 4096]).is_err(),
        "/tmp has room"
    );
}

pub fn chroot(folder: &str) {
    // SAFETY: strings that outlive the calls.
    unsafe {
        check(libc::chroot(c(folder).as_ptr()), "chroot");
        check(libc::chdir(c"/".as_ptr()), "chdir");
    }
}

/// A root that has what a program needs, and nothing else.
pub fn furnished_root() {
    own_mounts();
    let root = "/tmp";
    mount("none", root, "tmpfs", 0, "");
    for folder in ["proc", "dev", "lib", "lib64", "usr", "bin"] {
        if Path::new("/").join(folder).exists() {
            let at = format!("{root}/{folder}");
            std::fs::create_dir(&at).unwrap();
            mount(
                &format!("/{folder}"),
                &at,
                "none",
                libc::MS_BIND | libc::MS_REC,
                "",
            );
        }
    }
    chroot(root);
}

/// A root in which there is nothing.
pub fn bare_root() {
    own_mounts();
    bare_root_late();
}

/// As [`bare_root`], where [`own_mounts`] were made before.
pub fn bare_root_late() {
    mount("none", "/tmp", "tmpfs", 0, "");
    chroot("/tmp");
}

/// Another user, for good.
pub fn become_user(user: u32) {
    // SAFETY: numbers only.
    unsafe {
        check(libc::setgroups(0, std::ptr::null()), "setgroups");
        check(libc::setresgid(user, user, user), "setresgid");
        check(libc::setresuid(user, user, user), "setresuid");
        // So that the watching process may still look.
        libc::prctl(libc::PR_SET_DUMPABLE, 1, 0, 0, 0);
    }
}

/// A control group with one setting, for one process and what it starts; gone when it is dropped.
pub struct Group(PathBuf);

/// The name of a controller, and its setting in version 1 and 2.
#[derive(Clone, Copy)]
pub struct Setting {
    pub controller: &'static str,
    pub first: (&'static str, &'static str),
    pub second: (&'static str, &'static str),
}

impl Group {
    pub fn new(setting: &Setting) -> io::Result<Self> {
        let own = std::fs::read_to_string("/proc/self/cgroup")?;
        let mut fields = own
            .lines()
            .map(|line| line.splitn(3, ':').collect::<Vec<_>>());
        let version_1 = fields.find(|fields| fields[1].split(',').any(|c| c == setting.controller));
        let name = format!("raddle-{}-{}", setting.controller, std::process::id());
        let (folder, (file, value)) = match version_1 {
            Some(fields) => {
                let folder = PathBuf::from("/sys/fs/cgroup").join(fields[1]);
                (
                    folder.join(fields[2].trim_start_matches('/')),
                    setting.first,
                )
            }
            // Only the root may have both processes and groups.
            None => (PathBuf::from("/sys/fs/cgroup"), setting.second),
        };
        let group = Self(folder.join(name));
        std::fs::create_dir(&group.0)?;
        std::fs::write(group.0.join(file), value)?;
        Ok(group)
    }

    pub fn take_in(&self, pid: u32) -> io::Result<()> {
        std::fs::write(self.0.join("cgroup.procs"), pid.to_string())
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir(&self.0);
    }
}
