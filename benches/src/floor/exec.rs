//! Processes with nothing around them: started, and one number answered over a socket.

use crate::contender::processes::{Call, Replace, Workers, input, start_again, task};
use crate::document::Role;
use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::Child;

/// See the module.
pub struct Exec {
    workers: Vec<(UnixStream, Child)>,
}

fn start() -> (UnixStream, Child) {
    let (ours, theirs) = UnixStream::pair().unwrap();
    (ours, start_again(&["exec"], OwnedFd::from(theirs)))
}

impl Workers for Exec {
    const NAME: &'static str = "exec, one answer over a socket";
    const ROLE: Role = Role::Floor;

    fn start(workers: usize) -> Exec {
        Exec {
            workers: (0..workers).map(|_| start()).collect(),
        }
    }
}

impl Exec {
    fn ask(&mut self, x: u64) -> io::Result<u64> {
        let (socket, _) = &mut self.workers[0];
        let mut bytes = x.to_ne_bytes();
        socket.write_all(&bytes)?;
        socket.read_exact(&mut bytes)?;
        Ok(u64::from_ne_bytes(bytes))
    }
}

impl Call for Exec {
    fn call(&mut self, x: u64) -> u64 {
        self.ask(x).unwrap()
    }
}

impl Replace for Exec {
    fn identify(&mut self, x: u64) -> (u64, u32) {
        loop {
            match self.ask(x) {
                Ok(answer) => return (answer, self.workers[0].1.id()),
                Err(_) => {
                    self.workers[0].1.wait().unwrap();
                    self.workers[0] = start();
                }
            }
        }
    }
}

impl Drop for Exec {
    fn drop(&mut self) {
        for (socket, mut process) in self.workers.drain(..) {
            drop(socket);
            process.wait().unwrap();
        }
    }
}

/// A worker.
pub fn serve() {
    let mut socket = UnixStream::from(input());
    let mut bytes = [0; 8];
    while socket.read_exact(&mut bytes).is_ok() {
        let answer = task::answer64(u64::from_ne_bytes(bytes));
        socket.write_all(&answer.to_ne_bytes()).unwrap();
    }
}
