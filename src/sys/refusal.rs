//! Errors of system calls that name the call, the kernel's error, and what to do about it.
//!
//! This module and [`limits`] import each other: an error names a limit, and setting a limit can fail.

use super::limits;
use std::error::Error;
use std::{fmt, io};

/// The source of an [`io::Error`] whose kind is that of the kernel's error.
#[derive(Debug)]
struct Refusal {
    call: String,
    error: io::Error,
}

/// Adds the name of the call to an error of the system. `call` can also say what the call was for.
pub fn refused(call: &str) -> impl FnOnce(io::Error) -> io::Error + '_ {
    move |error| {
        let call = call.to_owned();
        io::Error::new(error.kind(), Refusal { call, error })
    }
}

/// The errno of an error, also after [`refused`] has wrapped it.
pub fn code(error: &io::Error) -> Option<i32> {
    let named = error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<Refusal>());
    named.map_or(error.raw_os_error(), |refusal| code(&refusal.error))
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { call, error } = self;
        write!(f, "{call}: {error}")?;
        match error.raw_os_error() {
            Some(code) => advise(f, call, code),
            None => Ok(()),
        }
    }
}

impl Error for Refusal {}

/// Writes the value of a limit, if it is set.
fn limit(f: &mut fmt::Formatter<'_>, name: &str, value: Option<u64>) -> fmt::Result {
    value.map_or(Ok(()), |value| write!(f, "; {name} is {value}"))
}

fn advise(f: &mut fmt::Formatter<'_>, call: &str, code: i32) -> fmt::Result {
    match code {
        libc::EMFILE => {
            limit(f, "RLIMIT_NOFILE", limits::soft(limits::OPEN_FILES))?;
            f.write_str("; raise it (`ulimit -n`), close descriptors, or use fewer workers")
        }
        libc::ENFILE => {
            f.write_str("; the whole system has reached its limit of open files: raise fs.file-max")
        }
        libc::EAGAIN if call.contains("clone") => {
            limit(f, "RLIMIT_NPROC", limits::processes())?;
            limit(f, "RLIMIT_AS", limits::soft(limits::ADDRESS_SPACE))?;
            f.write_str(
                "; raise what is too low (`ulimit -u`, `ulimit -v`, the control group's pids.max), or use fewer workers or smaller \
                 stacks",
            )
        }
        libc::EAGAIN if call.contains("mmap") => {
            f.write_str(
                "; the process locks its memory (mlockall): raise RLIMIT_MEMLOCK, or choose a smaller `arena`",
            )
        }
        libc::ENOMEM if call.contains("`stack_size`") => {
            limit(f, "RLIMIT_AS", limits::soft(limits::ADDRESS_SPACE))?;
            f.write_str("; choose a smaller one, or raise what is too low")
        }
        libc::ENOMEM => {
            limit(f, "RLIMIT_AS", limits::soft(limits::ADDRESS_SPACE))?;
            limit(f, "RLIMIT_DATA", limits::soft(limits::DATA))?;
            f.write_str(
                "; raise what is too low, give the machine or the control group more memory, or use fewer workers",
            )
        }
        libc::EFBIG => {
            limit(f, "RLIMIT_FSIZE", limits::soft(limits::FILE_SIZE))?;
            f.write_str("; raise it (`ulimit -f`), or choose a smaller `arena`")
        }
        libc::ENOENT if call.contains("/proc/") && !call.contains("chdir") => {
            f.write_str("; a process pool needs /proc: mount it")
        }
        libc::ENOENT if call.contains("/dev/null") => {
            f.write_str("; a process pool needs /dev/null: create it")
        }
        libc::EPERM | libc::EACCES | libc::ENOSYS => f.write_str(
            "; a system call filter (seccomp), a security module or an old kernel does not allow this call: allow it",
        ),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_names_its_call_and_keeps_its_errno() {
        let error = refused("pidfd_open")(io::Error::from_raw_os_error(libc::ENOSYS));
        assert!(error.to_string().starts_with("pidfd_open: "), "{error}");
        assert!(error.to_string().contains("seccomp"), "{error}");
        assert_eq!(code(&error), Some(libc::ENOSYS));
        let twice = refused("more")(error);
        assert_eq!(code(&twice), Some(libc::ENOSYS));
        assert_eq!(code(&io::Error::from_raw_os_error(1)), Some(1));
        assert_eq!(code(&io::Error::other("text")), None);
    }
}
