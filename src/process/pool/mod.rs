//! The parent's side: the pool and its lanes.
//!
//! [`shared`] holds what the threads of a pool share, and says which thread does what. These modules have to do with a task:
//!
//! - [`submit`] chooses a [`lane`], encodes the argument for it and publishes the request; [`capacity`] waits while the lanes are full.
//! - [`revoke`] takes a task back that the worker has not begun: for a cancel, a [`deadline`], a [`rebalance`] or the pool's end
//!   ([`lifecycle`]).
//! - [`wait`] blocks a thread until the task is done; [`wait_queue`] decides on which word the thread sleeps.
//! - [`drain`] takes replies out of the lane and completes their tasks with [`finish`]. The [`completer`] does this for tasks
//!   that no thread waits for; [`interest`] is its flag for each lane.
//! - [`recover`] takes the tasks out of a lane whose worker is dead. [`deferred`] keeps the outcomes of that until a thread that
//!   may run code of the user completes them.

pub mod arena;
pub mod call;
pub mod capacity;
pub mod completer;
pub mod config;
pub mod deadline;
pub mod deferred;
pub mod drain;
pub mod encode_each;
pub mod finish;
pub mod interest;
pub mod lane;
pub mod lifecycle;
pub mod publish;
pub mod rebalance;
pub mod recover;
pub mod remote_task;
pub mod retire;
pub mod revoke;
pub mod shared;
pub mod stats;
pub mod submit;
pub mod supervisor_queue;
pub mod task_meta;
pub mod wait;
pub mod wait_queue;
pub mod worker_id;
