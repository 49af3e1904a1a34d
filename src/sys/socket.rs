//! A pair of connected sockets (`SOCK_SEQPACKET`) that carry whole messages, with descriptors.

use super::descriptor::away_from_streams;
use super::refusal::refused;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};

/// The most descriptors in one message.
pub const MOST_DESCRIPTORS: usize = 8;

/// The process that made a pair of sockets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer {
    pub pid: u32,
    pub uid: u32,
}

/// A received message.
#[derive(Debug)]
pub struct Received {
    /// How many bytes of the buffer the message filled. 0: the other end is closed.
    pub length: usize,
    pub descriptors: Vec<OwnedFd>,
}

/// The size of the control data that carries a message's descriptors.
const CONTROL_BYTES: usize = {
    let length = (MOST_DESCRIPTORS * size_of::<RawFd>()) as u32;
    // SAFETY: only computes.
    (unsafe { libc::CMSG_SPACE(length) }) as usize
};

/// A buffer for control data, aligned for its headers.
#[repr(C)]
union Control {
    header: libc::cmsghdr,
    bytes: [u8; CONTROL_BYTES],
}

/// Makes two connected sockets. A message that is sent into one is received from the other. Closed on exec.
pub fn pair() -> io::Result<(OwnedFd, OwnedFd)> {
    let mut ends: [RawFd; 2] = [-1; 2];
    let kind = libc::SOCK_SEQPACKET | libc::SOCK_CLOEXEC;
    // SAFETY: the system writes two descriptors into the array.
    let made = unsafe { libc::socketpair(libc::AF_UNIX, kind, 0, ends.as_mut_ptr()) };
    if made != 0 {
        return Err(refused("socketpair")(io::Error::last_os_error()));
    }
    // Owns both before either is moved, because moving one can fail.
    // SAFETY: new descriptors, which nothing else owns.
    let [one, other] = ends.map(|fd| unsafe { OwnedFd::from_raw_fd(fd) });
    Ok((away_from_streams(one)?, away_from_streams(other)?))
}

/// Sends one message as a whole, or not at all.
pub fn send(socket: impl AsFd, bytes: &[u8], descriptors: &[BorrowedFd<'_>]) -> io::Result<()> {
    assert!(descriptors.len() <= MOST_DESCRIPTORS);
    let mut control = MaybeUninit::<Control>::zeroed();
    let mut part = libc::iovec {
        iov_base: bytes.as_ptr().cast_mut().cast(),
        iov_len: bytes.len(),
    };
    let mut message = message(&mut part);
    if !descriptors.is_empty() {
        let length = size_of_val(descriptors) as u32;
        message.msg_control = control.as_mut_ptr().cast();
        // SAFETY: CMSG_SPACE only computes.
        message.msg_controllen = unsafe { libc::CMSG_SPACE(length) } as _;
        // SAFETY: the control buffer is larger than one header.
        let header = unsafe { &mut *libc::CMSG_FIRSTHDR(&raw const message) };
        header.cmsg_level = libc::SOL_SOCKET;
        header.cmsg_type = libc::SCM_RIGHTS;
        // SAFETY: CMSG_LEN only computes.
        header.cmsg_len = unsafe { libc::CMSG_LEN(length) } as _;
        // SAFETY: the data of a header within the control buffer.
        let data = unsafe { libc::CMSG_DATA(header) }.cast::<RawFd>();
        for (at, descriptor) in descriptors.iter().enumerate() {
            // SAFETY: the control buffer has space for MOST_DESCRIPTORS, and there are no more.
            unsafe { data.add(at).write_unaligned(descriptor.as_raw_fd()) };
        }
    }
    let socket = socket.as_fd().as_raw_fd();
    // SAFETY: the message points to the caller's bytes and the control buffer, which outlive the call.
    let sent = unsafe { libc::sendmsg(socket, &raw const message, libc::MSG_NOSIGNAL) };
    match usize::try_from(sent) {
        Ok(sent) if sent == bytes.len() => Ok(()),
        Ok(_) => Err(io::ErrorKind::WriteZero.into()),
        Err(_) => {
            let error = io::Error::last_os_error();
            match error.raw_os_error() {
                // A seccomp filter may allow only plain writes.
                Some(libc::EPERM | libc::EACCES | libc::ENOSYS) if descriptors.is_empty() => {
                    write(socket, bytes).map_err(|_| refused("sendmsg")(error))
                }
                _ => Err(refused("sendmsg")(error)),
            }
        }
    }
}

/// As [`send`] without descriptors. Only for a process that ignores `SIGPIPE`.
fn write(socket: RawFd, bytes: &[u8]) -> io::Result<()> {
    // SAFETY: the caller's bytes.
    let written = unsafe { libc::write(socket, bytes.as_ptr().cast(), bytes.len()) };
    match usize::try_from(written) {
        Ok(written) if written == bytes.len() => Ok(()),
        Ok(_) => Err(io::ErrorKind::WriteZero.into()),
        Err(_) => Err(io::Error::last_os_error()),
    }
}

/// Receives one message. Blocks, unless the socket is non-blocking.
///
/// # Errors
///
/// `InvalidData` if the message is larger than `buffer` or has more than [`MOST_DESCRIPTORS`] descriptors. Otherwise the
/// kernel's error.
pub fn receive(socket: impl AsFd, buffer: &mut [u8]) -> io::Result<Received> {
    let mut control = MaybeUninit::<Control>::zeroed();
    let mut part = libc::iovec {
        iov_base: buffer.as_mut_ptr().cast(),
        iov_len: buffer.len(),
    };
    let mut message = message(&mut part);
    message.msg_control = control.as_mut_ptr().cast();
    message.msg_controllen = size_of::<Control>() as _;
    let socket = socket.as_fd().as_raw_fd();
    let length = loop {
        // SAFETY: the message points to the caller's bytes and the control buffer, which outlive the call.
        let got = unsafe { libc::recvmsg(socket, &raw mut message, libc::MSG_CMSG_CLOEXEC) };
        if let Ok(length) = usize::try_from(got) {
            break length;
        }
        let error = io::Error::last_os_error();
        if error.kind() != io::ErrorKind::Interrupted {
            return Err(refused("recvmsg")(error));
        }
    };
    let descriptors = take_descriptors(&message);
    if message.msg_flags & (libc::MSG_TRUNC | libc::MSG_CTRUNC) != 0 {
        return Err(io::ErrorKind::InvalidData.into());
    }
    Ok(Received {
        length,
        descriptors,
    })
}

/// Makes the kernel send `SIGKILL` to the calling process when the other end is closed or [hung up](hang_up), or when
/// something is sent to this socket. The kernel does this even if the other process may not send signals to this one.
/// False: the other end is closed already.
///
/// # Errors
///
/// The kernel's error.
pub fn die_with_other_end(socket: impl AsFd) -> io::Result<bool> {
    let socket = socket.as_fd().as_raw_fd();
    // SAFETY: no arguments.
    let me = unsafe { libc::getpid() };
    let set = |command: libc::c_int, value: libc::c_int| {
        // SAFETY: passes numbers only.
        match unsafe { libc::fcntl(socket, command, value) } {
            -1 => Err(refused("fcntl (O_ASYNC)")(io::Error::last_os_error())),
            was => Ok(was),
        }
    };
    // Linux has these numbers on all architectures but MIPS, PA-RISC, SPARC and Alpha.
    const F_SETSIG: libc::c_int = 10;
    set(libc::F_SETOWN, me)?;
    set(F_SETSIG, libc::SIGKILL)?;
    set(libc::F_SETFL, set(libc::F_GETFL, 0)? | libc::O_ASYNC)?;
    let flags = libc::MSG_PEEK | libc::MSG_DONTWAIT;
    let mut byte = 0u8;
    // SAFETY: space for one byte.
    let left = unsafe { libc::recv(socket, (&raw mut byte).cast(), 1, flags) };
    Ok(left != 0)
}

/// Forbids all sending from this end, also by other processes that have it.
///
/// # Errors
///
/// The kernel's error.
pub fn fall_silent(socket: impl AsFd) -> io::Result<()> {
    // SAFETY: passes numbers only.
    match unsafe { libc::shutdown(socket.as_fd().as_raw_fd(), libc::SHUT_WR) } {
        0 => Ok(()),
        _ => Err(refused("shutdown")(io::Error::last_os_error())),
    }
}

/// Shuts this end down: the other end sees it closed.
pub fn hang_up(socket: impl AsFd) {
    // SAFETY: passes numbers only. It fails only if the other end is gone.
    unsafe { libc::shutdown(socket.as_fd().as_raw_fd(), libc::SHUT_RDWR) };
}

/// The process that called [`pair`].
pub fn peer(socket: impl AsFd) -> io::Result<Peer> {
    let mut found = libc::ucred {
        pid: 0,
        uid: 0,
        gid: 0,
    };
    let mut length = size_of::<libc::ucred>() as libc::socklen_t;
    let socket = socket.as_fd().as_raw_fd();
    // SAFETY: the system writes no more than `length` bytes into the struct.
    let got = unsafe {
        libc::getsockopt(
            socket,
            libc::SOL_SOCKET,
            libc::SO_PEERCRED,
            (&raw mut found).cast(),
            &raw mut length,
        )
    };
    if got != 0 {
        return Err(refused("getsockopt")(io::Error::last_os_error()));
    }
    Ok(Peer {
        pid: found.pid as u32,
        uid: found.uid,
    })
}

fn message(part: &mut libc::iovec) -> libc::msghdr {
    // SAFETY: a struct of numbers and pointers, for which zero is a value.
    let mut message: libc::msghdr = unsafe { std::mem::zeroed() };
    message.msg_iov = part;
    message.msg_iovlen = 1;
    message
}

fn take_descriptors(message: &libc::msghdr) -> Vec<OwnedFd> {
    let mut descriptors = Vec::new();
    // SAFETY: the system has filled in the control data and its length.
    let mut next = unsafe { libc::CMSG_FIRSTHDR(message) };
    // SAFETY: a pointer that is not null points to a header within the control data.
    while let Some(header) = unsafe { next.as_ref() } {
        if header.cmsg_level == libc::SOL_SOCKET && header.cmsg_type == libc::SCM_RIGHTS {
            // SAFETY: the data of a header that the system has written.
            let data = unsafe { libc::CMSG_DATA(next) }.cast::<RawFd>();
            // SAFETY: CMSG_LEN only computes.
            let before = unsafe { libc::CMSG_LEN(0) } as usize;
            // The length is a `usize` in one C library and a `u32` in another.
            #[allow(clippy::unnecessary_cast)]
            let length = header.cmsg_len as usize;
            let count = (length - before) / size_of::<RawFd>();
            for at in 0..count {
                // SAFETY: the header says that there are that many descriptors.
                let fd = unsafe { data.add(at).read_unaligned() };
                // SAFETY: a new descriptor, which nothing else owns.
                descriptors.push(unsafe { OwnedFd::from_raw_fd(fd) });
            }
        }
        // SAFETY: steps through the control data that the system has filled in.
        next = unsafe { libc::CMSG_NXTHDR(message, next) };
    }
    descriptors
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Seek, Write};

    #[test]
    fn messages_keep_their_boundaries_and_carry_descriptors() {
        let (here, there) = pair().unwrap();
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(b"warp").unwrap();
        send(&here, b"first", &[file.as_fd()]).unwrap();
        send(&here, b"second", &[]).unwrap();
        let mut buffer = [0; 16];
        let first = receive(&there, &mut buffer).unwrap();
        assert_eq!(&buffer[..first.length], b"first");
        let [fd] = <[OwnedFd; 1]>::try_from(first.descriptors).unwrap();
        let mut received = std::fs::File::from(fd);
        received.rewind().unwrap();
        let mut text = String::new();
        received.read_to_string(&mut text).unwrap();
        assert_eq!(text, "warp");
        let second = receive(&there, &mut buffer).unwrap();
        assert_eq!(&buffer[..second.length], b"second");
        assert!(second.descriptors.is_empty());
        drop(here);
        assert_eq!(receive(&there, &mut buffer).unwrap().length, 0);
    }

    #[test]
    fn a_message_larger_than_the_buffer_is_an_error() {
        let (here, there) = pair().unwrap();
        send(&here, b"too long for it", &[]).unwrap();
        let error = receive(&there, &mut [0; 4]).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
    }

    #[test]
    fn the_peer_is_the_maker_of_the_pair() {
        let (here, there) = pair().unwrap();
        assert_eq!(peer(&here).unwrap(), peer(&there).unwrap());
        assert_eq!(peer(&here).unwrap().pid, std::process::id());
    }
}
