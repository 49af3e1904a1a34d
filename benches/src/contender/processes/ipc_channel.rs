//! ipc-channel: a channel each way per worker. Bytes go through its byte channels, or as shared
//! memory that is passed along.

use super::{Batch, Call, Payload, Workers, check, start_again, task};
use ipc_channel::ipc::{
    self, IpcBytesReceiver, IpcBytesSender, IpcOneShotServer, IpcReceiver, IpcSender,
    IpcSharedMemory,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::process::{Child, Stdio};

/// Numbers.
pub type IpcChannel = Channels<Numbers>;
/// Byte channels.
pub type IpcBytes = Channels<Bytes>;
/// One `IpcSharedMemory` per exchange, which the worker sends on.
pub type IpcShared = Channels<Shared>;

/// See the module.
pub struct Channels<W: Way> {
    workers: Vec<Worker<W>>,
    turn: usize,
}

/// What the channels carry.
pub trait Way: 'static {
    /// Its name in the tables.
    const NAME: &'static str;
    /// Its name on a worker's command line.
    const WAY: &'static str;
    /// A sender and a receiver: tasks out and answers in, for the parent.
    type Ends: Serialize + DeserializeOwned;
}

/// See [`IpcChannel`].
pub struct Numbers;
/// See [`IpcBytes`].
pub struct Bytes;
/// See [`IpcShared`].
pub struct Shared;

impl Way for Numbers {
    const NAME: &'static str = "ipc-channel";
    const WAY: &'static str = "numbers";
    type Ends = (IpcSender<u64>, IpcReceiver<u64>);
}

impl Way for Bytes {
    const NAME: &'static str = "ipc-channel bytes";
    const WAY: &'static str = "bytes";
    type Ends = (IpcBytesSender, IpcBytesReceiver);
}

impl Way for Shared {
    const NAME: &'static str = "ipc-channel shared memory";
    const WAY: &'static str = "shared";
    type Ends = (IpcSender<IpcSharedMemory>, IpcReceiver<IpcSharedMemory>);
}

struct Worker<W: Way> {
    /// None once the worker was told to end.
    ends: Option<W::Ends>,
    process: Child,
}

impl<W: Way> Worker<W> {
    fn ends(&self) -> &W::Ends {
        self.ends.as_ref().expect("only drop takes them")
    }
}

impl<W: Way> Drop for Worker<W> {
    fn drop(&mut self) {
        self.ends = None;
        self.process.wait().unwrap();
    }
}

impl<W: Way> Channels<W> {
    fn start_all(workers: usize) -> Self {
        let started: Vec<_> = (0..workers)
            .map(|_| {
                let (server, name) = IpcOneShotServer::<W::Ends>::new().unwrap();
                let process = start_again(&["ipc-channel", W::WAY, &name], Stdio::null());
                (server, process)
            })
            .collect();
        let connect = |(server, process): (IpcOneShotServer<W::Ends>, Child)| Worker {
            ends: Some(server.accept().unwrap().1),
            process,
        };
        Channels {
            workers: started.into_iter().map(connect).collect(),
            turn: 0,
        }
    }
}

impl Workers for IpcChannel {
    const NAME: &'static str = Numbers::NAME;

    fn start(workers: usize) -> Self {
        Channels::start_all(workers)
    }
}

impl Call for IpcChannel {
    fn call(&mut self, x: u64) -> u64 {
        let turn = self.turn;
        self.turn = (turn + 1) % self.workers.len();
        let (tasks, answers) = self.workers[turn].ends();
        tasks.send(x).unwrap();
        answers.recv().unwrap()
    }
}

impl Batch for IpcChannel {
    /// A thread reads meanwhile, as for the sockets that these channels are made of.
    fn batch(&mut self, n: u64, each: impl FnMut(u64)) {
        let (tasks, answers) = self.workers[0].ends.take().expect("only drop takes them");
        let (results, answers) = std::thread::scope(|scope| {
            let reader = scope.spawn(|| {
                let results: Vec<u64> = (0..n).map(|_| answers.recv().unwrap()).collect();
                (results, answers)
            });
            (0..n).for_each(|x| tasks.send(x).unwrap());
            reader.join().unwrap()
        });
        self.workers[0].ends = Some((tasks, answers));
        results.into_iter().for_each(each);
    }
}

impl Workers for IpcBytes {
    const NAME: &'static str = Bytes::NAME;

    fn start(workers: usize) -> Self {
        Channels::start_all(workers)
    }
}

impl Payload for IpcBytes {
    fn exchange(&mut self, bytes: Vec<u8>) -> Vec<u8> {
        let (tasks, answers) = self.workers[0].ends();
        tasks.send(&bytes).unwrap();
        answers.recv().unwrap()
    }
}

impl Workers for IpcShared {
    const NAME: &'static str = Shared::NAME;

    fn start(workers: usize) -> Self {
        Channels::start_all(workers)
    }
}

impl Payload for IpcShared {
    fn exchange(&mut self, bytes: Vec<u8>) -> Vec<u8> {
        let (tasks, answers) = self.workers[0].ends();
        tasks.send(IpcSharedMemory::from_bytes(&bytes)).unwrap();
        answers.recv().unwrap().to_vec()
    }
}

/// A worker.
pub fn serve(way: &str, server: &str) {
    match way {
        Numbers::WAY => {
            let (tasks, answers) = join::<Numbers, _>(server, || {
                let (task_sender, tasks) = ipc::channel().unwrap();
                let (answers, answer_receiver) = ipc::channel().unwrap();
                ((task_sender, answer_receiver), (tasks, answers))
            });
            while let Ok(x) = tasks.recv() {
                answers.send(task::answer64(x)).unwrap();
            }
        }
        Bytes::WAY => {
            let (tasks, answers) = join::<Bytes, _>(server, || {
                let (task_sender, tasks) = ipc::bytes_channel().unwrap();
                let (answers, answer_receiver) = ipc::bytes_channel().unwrap();
                ((task_sender, answer_receiver), (tasks, answers))
            });
            while let Ok(bytes) = tasks.recv() {
                answers.send(&task::look_at(bytes)).unwrap();
            }
        }
        Shared::WAY => {
            let (tasks, answers) = join::<Shared, _>(server, || {
                let (task_sender, tasks) = ipc::channel::<IpcSharedMemory>().unwrap();
                let (answers, answer_receiver) = ipc::channel().unwrap();
                ((task_sender, answer_receiver), (tasks, answers))
            });
            while let Ok(memory) = tasks.recv() {
                check(&memory);
                answers.send(memory).unwrap();
            }
        }
        _ => panic!("no such way: {way}"),
    }
}

/// Sends the parent its ends and gives those of the worker.
fn join<W: Way, E>(server: &str, ends: impl FnOnce() -> (W::Ends, E)) -> E {
    let parent = IpcSender::connect(server.to_owned()).unwrap();
    let (theirs, ours) = ends();
    parent.send(theirs).unwrap();
    ours
}
