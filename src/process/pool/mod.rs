//! The parent's side: the pool and its lanes.

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
