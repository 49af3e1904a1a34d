//! Anonymous files in memory (`memfd_create`), sealed against resizing, and their mappings.
//!
//! A sealed file cannot shrink under a mapping, so an access within the mapping never raises `SIGBUS` for a missing part of
//! the file. A process that has only a read-only descriptor cannot make a writable mapping from it.

use super::refusal::refused;
use super::{descriptor, signals};
use std::ffi::CStr;
use std::fs::File;
use std::io::{self, Error};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::ptr::NonNull;

/// The seals of every file: its size and its seals cannot change.
const SEALS: libc::c_int = libc::F_SEAL_SHRINK | libc::F_SEAL_GROW | libc::F_SEAL_SEAL;

/// The unit to which parts of a mapping are aligned: the largest page size of the supported machines.
pub const PAGE: usize = 1 << 16;

fn check(result: libc::c_int, what: &str) -> io::Result<libc::c_int> {
    if result < 0 {
        Err(refused(what)(Error::last_os_error()))
    } else {
        Ok(result)
    }
}

/// Creates a file of `len` zero bytes, which use no memory yet. It is sealed, closed on `exec`, and cannot be executed.
pub fn create(name: &CStr, len: usize) -> io::Result<OwnedFd> {
    let fd = open_new(name)?;
    let size = libc::off_t::try_from(len).map_err(|_| Error::from(io::ErrorKind::InvalidInput))?;
    // Beyond RLIMIT_FSIZE the kernel would send SIGXFSZ, which ends the program. A check of the limit beforehand would not
    // help, because another thread may lower it at any time.
    // SAFETY: a descriptor of ours.
    let sized = signals::without(libc::SIGXFSZ, || unsafe {
        check(
            libc::ftruncate(fd.as_raw_fd(), size),
            &format!("making a memfd {len} bytes long (ftruncate, RLIMIT_FSIZE)"),
        )
    });
    sized?;
    // SAFETY: as above.
    let sealed = unsafe { libc::fcntl(fd.as_raw_fd(), libc::F_ADD_SEALS, SEALS) };
    check(sealed, "sealing a memfd (fcntl, F_ADD_SEALS)")?;
    Ok(fd)
}

/// Tries `MFD_NOEXEC_SEAL` first. Linux before 6.3 does not know it. Later versions may be configured to refuse files without
/// it (`vm.memfd_noexec`).
fn open_new(name: &CStr) -> io::Result<OwnedFd> {
    const FLAGS: libc::c_uint = libc::MFD_CLOEXEC | libc::MFD_ALLOW_SEALING;
    for flags in [FLAGS | libc::MFD_NOEXEC_SEAL, FLAGS] {
        // SAFETY: the name is a C string.
        let fd = unsafe { libc::memfd_create(name.as_ptr(), flags) };
        if fd >= 0 {
            return descriptor::own(fd);
        }
        let error = Error::last_os_error();
        if flags == FLAGS || error.raw_os_error() != Some(libc::EINVAL) {
            return Err(refused("memfd_create")(error));
        }
    }
    unreachable!("the loop returns with the last flags")
}

/// Opens another descriptor of the same file, read-only: it cannot be mapped for writing.
pub fn read_only(fd: BorrowedFd<'_>) -> io::Result<OwnedFd> {
    File::open(format!("/proc/self/fd/{}", fd.as_raw_fd()))
        .map_err(refused("opening a memfd for reading (open, /proc/self/fd)"))
        .and_then(|file| descriptor::away_from_streams(file.into()))
}

/// Checks that this is a memory file with its seals, and returns its length in bytes.
///
/// # Errors
///
/// `InvalidData` if seals are missing. The kernel's error if it is not a memory file or cannot be queried.
pub fn verify(fd: BorrowedFd<'_>) -> io::Result<usize> {
    // SAFETY: queries a descriptor that is open.
    let seals = unsafe { libc::fcntl(fd.as_raw_fd(), libc::F_GET_SEALS) };
    let seals = check(seals, "the seals of a memfd (fcntl, F_GET_SEALS)")?;
    if seals & SEALS != SEALS {
        let what = format!("a memfd without its seals: {seals:#x}, expected {SEALS:#x}");
        return Err(Error::new(io::ErrorKind::InvalidData, what));
    }
    let size = File::from(fd.try_clone_to_owned()?).metadata()?.len();
    usize::try_from(size).map_err(|_| io::ErrorKind::InvalidData.into())
}

/// The allowed accesses of a mapping.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Access {
    Read,
    ReadWrite,
}

impl Access {
    fn protection(self) -> libc::c_int {
        match self {
            Self::Read => libc::PROT_READ,
            Self::ReadWrite => libc::PROT_READ | libc::PROT_WRITE,
        }
    }
}

/// A shared mapping of a file, or of its beginning; unmapped on drop. Core dumps do not contain it.
#[derive(Debug)]
pub struct Mapping {
    base: NonNull<u8>,
    len: usize,
    access: Access,
}

// SAFETY: an address range. Code that dereferences the base is responsible for its accesses.
unsafe impl Send for Mapping {}
// SAFETY: as above.
unsafe impl Sync for Mapping {}

impl Mapping {
    /// Maps the first `len` bytes.
    pub fn new(fd: BorrowedFd<'_>, len: usize, access: Access) -> io::Result<Self> {
        // SAFETY: a new range at an address that the kernel chooses.
        let base = unsafe { map(std::ptr::null_mut(), fd, len, access, 0) }?;
        Ok(Self { base, len, access })
    }

    pub fn base(&self) -> NonNull<u8> {
        self.base
    }

    /// Maps another file of the same size in place of this one, at the same address. Pointers into the mapping stay valid and
    /// see the other file's bytes.
    ///
    /// # Errors
    ///
    /// The kernel's error. The old file may be unmapped already, so the mapping is then replaced by zeroed memory that no
    /// other process has.
    pub fn replace(&self, fd: BorrowedFd<'_>) -> io::Result<()> {
        let at = self.base.as_ptr().cast();
        // SAFETY: the range is ours, and stays mapped with the same access. Its bytes may change at any time anyway.
        let replaced = unsafe { map(at, fd, self.len, self.access, libc::MAP_FIXED) };
        if replaced.is_err() {
            self.clear();
        }
        replaced.map(drop)
    }

    /// Maps zeroed memory over the whole range, so that an access through an existing pointer does not fault.
    #[cold]
    fn clear(&self) {
        let at = self.base.as_ptr().cast();
        // A private mapping counts as data (RLIMIT_DATA) and may be refused for that. A shared one does not count, but shared
        // mappings may be what the kernel refused before.
        for kind in [libc::MAP_PRIVATE, libc::MAP_SHARED] {
            let flags = kind | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE | libc::MAP_FIXED;
            let protection = self.access.protection();
            // SAFETY: as in `replace`.
            let cleared = unsafe { libc::mmap(at, self.len, protection, flags, -1, 0) };
            if cleared != libc::MAP_FAILED {
                return;
            }
        }
        // The range may be unmapped, so the next access of any thread could fault.
        let error = Error::last_os_error();
        eprintln!("raddle: cannot map memory in place of a lost file of a lane: {error}");
        std::process::abort();
    }

    /// Gives the memory of a range back to the kernel. The range reads as zero afterwards. Both numbers are multiples of
    /// [`PAGE`].
    pub fn punch(&self, offset: usize, len: usize) -> io::Result<()> {
        assert!(offset.is_multiple_of(PAGE) && len.is_multiple_of(PAGE));
        assert!(offset <= self.len && len <= self.len - offset);
        // SAFETY: the range lies within the mapping.
        let at = unsafe { self.base.as_ptr().add(offset) };
        // SAFETY: as above. The bytes may change at any time anyway.
        let punched = unsafe { libc::madvise(at.cast(), len, libc::MADV_REMOVE) };
        check(punched, "punching a hole into a memfd (madvise)").map(drop)
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: the range is ours. Code with a pointer into it has borrowed the mapping or keeps it alive.
        let unmapped = unsafe { libc::munmap(self.base.as_ptr().cast(), self.len) };
        debug_assert_eq!(unmapped, 0, "munmap: {}", Error::last_os_error());
    }
}

/// Maps the first `len` bytes of a file.
///
/// # Safety
///
/// With `MAP_FIXED`, the range at `at` belongs to the caller, and its contents may change.
unsafe fn map(
    at: *mut libc::c_void,
    fd: BorrowedFd<'_>,
    len: usize,
    access: Access,
    fixed: libc::c_int,
) -> io::Result<NonNull<u8>> {
    let flags = libc::MAP_SHARED | libc::MAP_NORESERVE | fixed;
    // SAFETY: the caller's promise, or a fresh range.
    let base = unsafe {
        libc::mmap(
            at,
            len,
            access.protection(),
            flags,
            fd.as_fd().as_raw_fd(),
            0,
        )
    };
    if base == libc::MAP_FAILED {
        return Err(refused("mapping a memfd (mmap)")(Error::last_os_error()));
    }
    // If the kernel refuses, core dumps contain the mapping. Nothing else changes.
    // SAFETY: advice on the range that was just mapped.
    let _ = unsafe { libc::madvise(base, len, libc::MADV_DONTDUMP) };
    NonNull::new(base.cast()).ok_or_else(|| Error::other("a mapping at address zero"))
}

#[cfg(all(test, not(miri)))]
mod tests {
    use super::*;
    use std::os::fd::FromRawFd;

    const LEN: usize = 4 * PAGE;

    fn write(mapping: &Mapping, at: usize, value: u8) {
        assert!(at < LEN);
        // SAFETY: within the mapping, which is writable and used by this thread only.
        unsafe { mapping.base().add(at).write_volatile(value) };
    }

    fn read(mapping: &Mapping, at: usize) -> u8 {
        assert!(at < LEN);
        // SAFETY: within the mapping, which only this thread uses.
        unsafe { mapping.base().add(at).read_volatile() }
    }

    #[test]
    fn a_write_to_one_mapping_is_read_through_another() {
        let fd = create(c"test", LEN).unwrap();
        assert_eq!(verify(fd.as_fd()).unwrap(), LEN);
        let writable = Mapping::new(fd.as_fd(), LEN, Access::ReadWrite).unwrap();
        let readable = Mapping::new(fd.as_fd(), LEN, Access::Read).unwrap();
        write(&writable, LEN - 1, 7);
        assert_eq!(read(&readable, LEN - 1), 7);
    }

    #[test]
    fn its_size_cannot_change() {
        let fd = create(c"test", LEN).unwrap();
        let file = File::from(fd);
        assert!(file.set_len(0).is_err());
        assert!(file.set_len(2 * LEN as u64).is_err());
    }

    #[test]
    fn it_cannot_be_executed() {
        let fd = create(c"test", LEN).unwrap();
        // SAFETY: queries a descriptor that is open.
        let seals = unsafe { libc::fcntl(fd.as_raw_fd(), libc::F_GET_SEALS) };
        // SAFETY: the name is a C string.
        let plain = unsafe {
            libc::memfd_create(c"test".as_ptr(), libc::MFD_CLOEXEC | libc::MFD_NOEXEC_SEAL)
        };
        if plain < 0 {
            eprintln!("skipped: this kernel does not know MFD_NOEXEC_SEAL");
            return;
        }
        // SAFETY: just made, and owned by nothing else.
        drop(unsafe { OwnedFd::from_raw_fd(plain) });
        assert_eq!(seals, SEALS | libc::F_SEAL_EXEC);
    }

    #[test]
    fn other_files_are_refused() {
        // SAFETY: the name is a C string.
        let unsealed = unsafe { libc::memfd_create(c"test".as_ptr(), libc::MFD_CLOEXEC) };
        assert!(unsealed >= 0);
        // SAFETY: just made, and owned by nothing else.
        let unsealed = unsafe { OwnedFd::from_raw_fd(unsealed) };
        let error = verify(unsealed.as_fd()).unwrap_err();
        assert!(error.to_string().contains("without its seals"), "{error}");
        // A file that cannot have seals.
        let file = File::open("/proc/self/exe").unwrap();
        assert!(verify(file.as_fd()).is_err());
    }

    #[test]
    fn a_read_only_descriptor_cannot_be_mapped_for_writing() {
        let fd = create(c"test", LEN).unwrap();
        let writable = Mapping::new(fd.as_fd(), LEN, Access::ReadWrite).unwrap();
        let descriptor = read_only(fd.as_fd()).unwrap();
        assert_eq!(verify(descriptor.as_fd()).unwrap(), LEN);
        let error = Mapping::new(descriptor.as_fd(), LEN, Access::ReadWrite).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::PermissionDenied);
        let mapping = Mapping::new(descriptor.as_fd(), LEN, Access::Read).unwrap();
        write(&writable, 0, 7);
        assert_eq!(read(&mapping, 0), 7);
        // SAFETY: the protection of a range of ours.
        let raised = unsafe {
            libc::mprotect(
                mapping.base().as_ptr().cast(),
                PAGE,
                libc::PROT_READ | libc::PROT_WRITE,
            )
        };
        assert_eq!(raised, -1, "the mapping cannot become writable");
    }

    #[test]
    fn another_file_at_the_same_address() {
        let old = create(c"test", LEN).unwrap();
        let mapping = Mapping::new(old.as_fd(), LEN, Access::ReadWrite).unwrap();
        write(&mapping, 5, 1);
        let stale = Mapping::new(old.as_fd(), LEN, Access::Read).unwrap();
        let fresh = create(c"test", LEN).unwrap();
        mapping.replace(fresh.as_fd()).unwrap();
        assert_eq!(read(&mapping, 5), 0);
        write(&mapping, 5, 2);
        assert_eq!(read(&stale, 5), 1, "other mappings keep the old file");
        let other = Mapping::new(fresh.as_fd(), LEN, Access::Read).unwrap();
        assert_eq!(read(&other, 5), 2);
    }

    #[test]
    fn a_file_that_cannot_be_mapped_leaves_zeroes() {
        let old = create(c"test", LEN).unwrap();
        let mapping = Mapping::new(old.as_fd(), LEN, Access::ReadWrite).unwrap();
        write(&mapping, 5, 1);
        let refused = read_only(old.as_fd()).unwrap();
        let error = mapping.replace(refused.as_fd()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::PermissionDenied);
        assert_eq!(read(&mapping, 5), 0);
        write(&mapping, 5, 2);
        let other = Mapping::new(old.as_fd(), LEN, Access::Read).unwrap();
        assert_eq!(read(&other, 5), 1, "the memory is no longer shared");
    }

    #[test]
    fn a_hole_gives_its_memory_back_and_reads_as_zero() {
        let fd = create(c"test", LEN).unwrap();
        let mapping = Mapping::new(fd.as_fd(), LEN, Access::ReadWrite).unwrap();
        for page in 0..4 {
            write(&mapping, page * PAGE, 1);
        }
        let blocks = || {
            use std::os::linux::fs::MetadataExt;
            File::from(fd.try_clone().unwrap())
                .metadata()
                .unwrap()
                .st_blocks()
        };
        let before = blocks();
        mapping.punch(PAGE, 2 * PAGE).unwrap();
        assert!(blocks() < before);
        assert_eq!(
            [0, 1, 2, 3].map(|page| read(&mapping, page * PAGE)),
            [1, 0, 0, 1]
        );
    }
}
