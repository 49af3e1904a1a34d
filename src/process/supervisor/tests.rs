use super::*;
use crate::executor::WhenFull;
use crate::process::pool::lane::Lane;
use crate::process::pool::supervisor_queue::SupervisorQueue;
use crate::process::worker::start::{Settings, Started, handshake};
use crate::sys::events::Event;
use crate::sys::{socket, spawn};
use std::process::Command as Program;

/// A supervisor of one slot that runs on the test's thread.
fn supervisor() -> Supervisor {
    let config = crate::process::pool::config::Config {
        name: "test".to_owned(),
        when_full: WhenFull::Block,
        settings: Settings::default(),
        max_age: None,
        max_memory: None,
        when_worker_dies: WhenWorkerDies::Replace,
        restarts: 1,
        restart_window: Duration::from_secs(1),
        kill_grace: Duration::ZERO,
        start_timeout: Duration::MAX,
    };
    let lanes = [Lane::new(0, "test-0".to_owned(), None, crate::shm::ARENA).unwrap()].into();
    let supervisor_queue = SupervisorQueue::new().unwrap();
    let (completer_event, completer_poller) = (Event::new().unwrap(), Poller::new().unwrap());
    let pool = Arc::new(Pool::of(
        config,
        lanes,
        supervisor_queue,
        completer_event,
        completer_poller,
    ));
    Supervisor {
        poller: Poller::new().unwrap(),
        slots: vec![WorkerSlot::new(Instant::now())],
        timers: BinaryHeap::new(),
        restart_limit: RestartLimit::new(1, Duration::from_secs(1)),
        check: None,
        building: None,
        pool,
    }
}

#[test]
fn a_start_that_fails_counts_once_however_late_its_process_ends() {
    let mut supervisor = supervisor();
    for attempt in 1..ATTEMPTS {
        let (control, theirs) = socket::pair().unwrap();
        spawn::set_nonblocking(&control).unwrap();
        let error = StartError::Hook {
            hook: "start hook".to_owned(),
            message: "no".to_owned(),
        };
        handshake::send_ready(&theirs, &Err(error.clone())).unwrap();
        let process = spawn::spawn(Program::new("sleep").arg("1000"))
            .unwrap()
            .process;
        supervisor.slots[0].state = SlotState::Starting(Started {
            process,
            control,
            stdout: None,
            stderr: None,
        });
        supervisor.slots[0].due = None;
        supervisor.read_handshake(0);
        // The longest pause is over before the process has ended.
        let later = Instant::now() + LONGEST_PAUSE * 2;
        supervisor.update_slot(0, later);
        assert_eq!(supervisor.slots[0].start_error, Some(error));
        while supervisor.slots[0].started().is_some() {
            supervisor.reap(0);
            crate::sync::hint::spin_loop();
        }
        let slot = &supervisor.slots[0];
        assert_eq!(slot.failures, attempt);
        assert!(matches!(slot.state, SlotState::Empty) && slot.due.is_some());
        assert!(!supervisor.pool.is_over());
    }
}
