//! A pool put together by hand: a Unix socket per worker, and `postcard` messages behind their
//! lengths. One write per message, or buffers of 64 KiB that are written when the other side is to
//! be waited for.

use super::{Batch, Call, Payload, Replace, Workers, input, start_again, task};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::Child;

/// One write per message.
pub type Socketpair = Sockets<false>;
/// Messages gathered in 64 KiB.
pub type Buffered = Sockets<true>;

const BUFFER: usize = 64 << 10;
/// More than all of a message but its bytes.
const HEAD: usize = 64;

#[derive(Serialize, Deserialize)]
enum Task {
    Answer(u64),
    Identify(u64),
    LookAt(ByteBuf),
}

/// See the module.
pub struct Sockets<const BUFFERED: bool> {
    workers: Vec<Worker>,
    turn: usize,
}

struct Worker {
    link: Link,
    process: Child,
}

/// One end of a socket.
struct Link {
    reader: BufReader<UnixStream>,
    writer: BufWriter<UnixStream>,
    /// A message's bytes; never cut, so that a message as long as the last one costs no memory.
    body: Vec<u8>,
    frame: Vec<u8>,
}

impl Link {
    fn new(socket: UnixStream, buffer: usize) -> Link {
        let reader = BufReader::with_capacity(BUFFER, socket.try_clone().unwrap());
        Link {
            reader,
            writer: BufWriter::with_capacity(buffer, socket),
            body: Vec::new(),
            frame: Vec::new(),
        }
    }

    /// Without a buffer this writes at once.
    fn send<T: Serialize>(&mut self, message: &T, bytes: usize) -> io::Result<()> {
        send(&mut self.writer, &mut self.frame, message, bytes)
    }

    fn receive<T: DeserializeOwned>(&mut self) -> io::Result<T> {
        receive(&mut self.reader, &mut self.body)
    }
}

fn send<T: Serialize>(
    writer: &mut impl Write,
    frame: &mut Vec<u8>,
    message: &T,
    bytes: usize,
) -> io::Result<()> {
    if frame.len() < bytes + HEAD {
        frame.resize(bytes + HEAD, 0);
    }
    let (head, body) = frame.split_at_mut(4);
    let len = postcard::to_slice(message, body).unwrap().len();
    head.copy_from_slice(&(len as u32).to_le_bytes());
    writer.write_all(&frame[..4 + len])
}

fn receive<T: DeserializeOwned>(reader: &mut impl Read, body: &mut Vec<u8>) -> io::Result<T> {
    let mut head = [0; 4];
    reader.read_exact(&mut head)?;
    let len = u32::from_le_bytes(head) as usize;
    if body.len() < len {
        body.resize(len, 0);
    }
    reader.read_exact(&mut body[..len])?;
    Ok(postcard::from_bytes(&body[..len]).unwrap())
}

impl Worker {
    fn start(buffered: bool) -> Worker {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let way = if buffered { "buffered" } else { "direct" };
        let process = start_again(&["socketpair", way], OwnedFd::from(theirs));
        Worker {
            link: Link::new(ours, if buffered { BUFFER } else { 0 }),
            process,
        }
    }

    fn ask<T: DeserializeOwned>(&mut self, task: &Task, bytes: usize) -> io::Result<T> {
        self.link.send(task, bytes)?;
        self.link.writer.flush()?;
        self.link.receive()
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // The end of its input is its end.
        let _ = self
            .link
            .writer
            .get_ref()
            .shutdown(std::net::Shutdown::Both);
        self.process.wait().unwrap();
    }
}

impl<const BUFFERED: bool> Workers for Sockets<BUFFERED> {
    const NAME: &'static str = if BUFFERED {
        "socketpair by hand, 64 KiB buffers"
    } else {
        "socketpair by hand"
    };

    fn start(workers: usize) -> Self {
        Sockets {
            workers: (0..workers).map(|_| Worker::start(BUFFERED)).collect(),
            turn: 0,
        }
    }
}

impl<const BUFFERED: bool> Call for Sockets<BUFFERED> {
    fn call(&mut self, x: u64) -> u64 {
        let turn = self.turn;
        self.turn = (turn + 1) % self.workers.len();
        self.workers[turn].ask(&Task::Answer(x), 0).unwrap()
    }
}

impl<const BUFFERED: bool> Batch for Sockets<BUFFERED> {
    /// A thread reads meanwhile: a socket holds a few hundred answers, and then the worker waits.
    fn batch(&mut self, n: u64, each: impl FnMut(u64)) {
        let Link {
            reader,
            writer,
            body,
            frame,
        } = &mut self.workers[0].link;
        let answers: Vec<u64> = std::thread::scope(|scope| {
            let read = || (0..n).map(|_| receive(reader, body).unwrap()).collect();
            let answers = scope.spawn(read);
            for x in 0..n {
                send(writer, frame, &Task::Answer(x), 0).unwrap();
            }
            writer.flush().unwrap();
            answers.join().unwrap()
        });
        answers.into_iter().for_each(each);
    }
}

impl<const BUFFERED: bool> Payload for Sockets<BUFFERED> {
    fn exchange(&mut self, bytes: Vec<u8>) -> Vec<u8> {
        let len = bytes.len();
        let task = Task::LookAt(ByteBuf::from(bytes));
        let answer: ByteBuf = self.workers[0].ask(&task, len).unwrap();
        answer.into_vec()
    }
}

impl<const BUFFERED: bool> Replace for Sockets<BUFFERED> {
    fn identify(&mut self, x: u64) -> (u64, u32) {
        loop {
            match self.workers[0].ask(&Task::Identify(x), 0) {
                Ok(answer) => return answer,
                Err(_) => self.workers[0] = Worker::start(BUFFERED),
            }
        }
    }
}

/// A worker.
pub fn serve(way: &str) {
    let buffer = if way == "buffered" { BUFFER } else { 0 };
    let mut link = Link::new(UnixStream::from(input()), buffer);
    while let Ok(task) = link.receive() {
        let sent = match task {
            Task::Answer(x) => link.send(&task::answer64(x), 0),
            Task::Identify(x) => link.send(&task::identify(x), 0),
            Task::LookAt(bytes) => {
                let bytes = ByteBuf::from(task::look_at(bytes.into_vec()));
                link.send(&bytes, bytes.len())
            }
        };
        // Nothing more to read: the parent may be waiting.
        let flushed = sent.and_then(|()| match link.reader.buffer() {
            [] => link.writer.flush(),
            _ => Ok(()),
        });
        if flushed.is_err() {
            return;
        }
    }
}
