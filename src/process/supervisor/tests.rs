use super::*;
use crate::executor::WhenFull;
use crate::process::pool::lane::Lane;
use crate::process::pool::supervisor_queue::SupervisorQueue;
use crate::process::worker::start::{Settings, Started, handshake};
use crate::sys::events::Event;
use crate::sys::{socket, spawn};
use std::process::Command as Program;

/// A supervisor of one seat, whose thread is the test's.
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
    };
    let lanes = [Lane::new(0, "test-0".to_owned(), None, crate::shm::ARENA).unwrap()].into();
    let desk = SupervisorQueue::new().unwrap();
    let (bell, ears) = (Event::new().unwrap(), Poller::new().unwrap());
    let pool = Arc::new(Pool::of(config, lanes, desk, bell, ears));
    Supervisor {
        poller: Poller::new().unwrap(),
        seats: vec![Seat::new(Instant::now())],
        timers: BinaryHeap::new(),
        budget: Budget::new(1, Duration::from_secs(1)),
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
        let refusal = StartError::Hook {
            hook: "initializer".to_owned(),
            message: "no".to_owned(),
        };
        handshake::send_hello(&theirs, &Err(refusal.clone())).unwrap();
        let process = spawn::spawn(Program::new("sleep").arg("1000"))
            .unwrap()
            .process;
        supervisor.seats[0].state = State::Starting(Started {
            process,
            control,
            stdout: None,
            stderr: None,
        });
        supervisor.seats[0].due = None;
        supervisor.hear_control(0);
        // Whatever pause there was to be is over before the process is.
        let later = Instant::now() + LONGEST_PAUSE * 2;
        supervisor.tend(0, later);
        assert_eq!(supervisor.seats[0].refusal, Some(refusal));
        while supervisor.seats[0].started().is_some() {
            supervisor.hear_process(0);
            crate::sync::hint::spin_loop();
        }
        let seat = &supervisor.seats[0];
        assert_eq!(seat.failures, attempt);
        assert!(matches!(seat.state, State::Empty) && seat.due.is_some());
        assert!(!supervisor.pool.is_over());
    }
}
