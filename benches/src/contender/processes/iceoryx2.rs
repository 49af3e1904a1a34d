//! iceoryx2: request and response over shared memory, both sides polling on two cores. There are no
//! processes in it: a worker of ours serves.

use super::{Batch, Call, Payload, Polling, Workers, check, start_again, task};
use crate::measure::place::on_core;
use iceoryx2::port::{client::Client, server::Server};
use iceoryx2::prelude::*;
use iceoryx2::service::port_factory::request_response::PortFactory as Factory;
use std::collections::VecDeque;
use std::process::{Child, Stdio};
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

/// Requests that are open at once.
const WINDOW: usize = 128;
/// A number that nothing else sends: the end.
const STOP: u64 = u64::MAX;

/// Numbers.
pub struct Iceoryx2 {
    client: Client<ipc::Service, u64, (), u64, ()>,
    worker: Option<Worker>,
}

/// Slices, copied into what was lent and out of what came.
pub struct Iceoryx2Bytes {
    client: Client<ipc::Service, [u8], (), [u8], ()>,
    worker: Option<Worker>,
}

struct Worker(Child);

impl Drop for Worker {
    fn drop(&mut self) {
        self.0.wait().unwrap();
    }
}

/// A node with a service of its own for each worker.
fn start(way: &str, core: Option<usize>) -> (String, Worker) {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Relaxed);
    let name = format!("raddle-benches-{}-{count}", std::process::id());
    let worker = on_core(core, || {
        start_again(&["iceoryx2", way, &name], Stdio::null())
    });
    (name, Worker(worker))
}

fn node() -> Node<ipc::Service> {
    set_log_level(LogLevel::Error);
    NodeBuilder::new()
        .signal_handling_mode(SignalHandlingMode::Disabled)
        .create()
        .unwrap()
}

type Numbers = Factory<ipc::Service, u64, (), u64, ()>;
type Bytes = Factory<ipc::Service, [u8], (), [u8], ()>;

fn numbers(name: &str) -> Numbers {
    node()
        .service_builder(&name.try_into().unwrap())
        .request_response::<u64, u64>()
        .max_active_requests_per_client(WINDOW)
        .max_clients(1)
        .max_servers(1)
        .open_or_create()
        .unwrap()
}

fn bytes(name: &str) -> Bytes {
    node()
        .service_builder(&name.try_into().unwrap())
        .request_response::<[u8], [u8]>()
        .max_active_requests_per_client(2)
        .max_clients(1)
        .max_servers(1)
        .open_or_create()
        .unwrap()
}

/// Until it is there. Both ends have cores of their own, if there are two.
fn poll<T>(mut look: impl FnMut() -> Option<T>) -> T {
    let mut spins = 0_u32;
    loop {
        if let Some(found) = look() {
            return found;
        }
        spins += 1;
        if spins.is_multiple_of(1 << 10) {
            std::thread::yield_now();
        } else {
            std::hint::spin_loop();
        }
    }
}

impl Workers for Iceoryx2 {
    const NAME: &'static str = "iceoryx2, polling";

    fn start(workers: usize) -> Self {
        assert_eq!(workers, 1, "a service has one server");
        Self::start_on(None)
    }
}

impl Polling for Iceoryx2 {
    fn start_on(core: Option<usize>) -> Self {
        let (name, worker) = start("numbers", core);
        let service = numbers(&name);
        let client = service.client_builder().create().unwrap();
        poll(|| (service.dynamic_config().number_of_servers() == 1).then_some(()));
        Iceoryx2 {
            client,
            worker: Some(worker),
        }
    }
}

impl Call for Iceoryx2 {
    fn call(&mut self, x: u64) -> u64 {
        let pending = self.client.send_copy(x).unwrap();
        poll(|| pending.receive().unwrap().map(|answer| *answer))
    }
}

impl Batch for Iceoryx2 {
    /// In a window: open requests are bounded.
    fn batch(&mut self, n: u64, mut each: impl FnMut(u64)) {
        let mut open = VecDeque::with_capacity(WINDOW);
        for x in 0..n {
            if open.len() == WINDOW {
                each(take(&mut open));
            }
            open.push_back(self.client.send_copy(x).unwrap());
        }
        while !open.is_empty() {
            each(take(&mut open));
        }
    }
}

type Pending = iceoryx2::pending_response::PendingResponse<ipc::Service, u64, (), u64, ()>;

fn take(open: &mut VecDeque<Pending>) -> u64 {
    let pending = open.pop_front().expect("asked for while some are open");
    poll(|| pending.receive().unwrap().map(|answer| *answer))
}

impl Drop for Iceoryx2 {
    fn drop(&mut self) {
        drop(self.client.send_copy(STOP));
        self.worker = None;
    }
}

impl Workers for Iceoryx2Bytes {
    const NAME: &'static str = "iceoryx2, polling";

    fn start(workers: usize) -> Self {
        assert_eq!(workers, 1, "a service has one server");
        Self::start_on(None)
    }
}

impl Polling for Iceoryx2Bytes {
    fn start_on(core: Option<usize>) -> Self {
        let (name, worker) = start("bytes", core);
        let service = bytes(&name);
        let client = service
            .client_builder()
            .initial_max_slice_len(64)
            .allocation_strategy(AllocationStrategy::PowerOfTwo)
            .create()
            .unwrap();
        poll(|| (service.dynamic_config().number_of_servers() == 1).then_some(()));
        Iceoryx2Bytes {
            client,
            worker: Some(worker),
        }
    }
}

impl Payload for Iceoryx2Bytes {
    fn exchange(&mut self, bytes: Vec<u8>) -> Vec<u8> {
        let request = self.client.loan_slice_uninit(bytes.len()).unwrap();
        let pending = request.write_from_slice(&bytes).send().unwrap();
        poll(|| {
            let answer = pending.receive().unwrap();
            answer.map(|answer| answer.payload().to_vec())
        })
    }
}

impl Drop for Iceoryx2Bytes {
    fn drop(&mut self) {
        // Less than any exchange: the end.
        let request = self.client.loan_slice_uninit(1).unwrap();
        drop(request.write_from_slice(&[0]).send());
        self.worker = None;
    }
}

/// A worker.
pub fn serve(way: &str, name: &str) {
    if way == "numbers" {
        let server: Server<_, u64, (), u64, ()> = numbers(name).server_builder().create().unwrap();
        loop {
            let task = poll(|| server.receive().unwrap());
            if *task == STOP {
                return;
            }
            task.send_copy(task::answer64(*task)).unwrap();
        }
    }
    let server: Server<_, [u8], (), [u8], ()> = bytes(name)
        .server_builder()
        .initial_max_slice_len(64)
        .allocation_strategy(AllocationStrategy::PowerOfTwo)
        .create()
        .unwrap();
    loop {
        let task = poll(|| server.receive().unwrap());
        // Less than any exchange: the end.
        if task.payload().len() < 8 {
            return;
        }
        check(task.payload());
        let answer = task.loan_slice_uninit(task.payload().len()).unwrap();
        answer.write_from_slice(task.payload()).send().unwrap();
    }
}
