//! The worker's side. [`start`] turns a process into a worker. [`serve`] is the worker's loop, and [`call`] runs one task.
//! [`task_code`] names a task's code for the other process, which finds it in its [`image`], the program.

pub mod call;
pub mod image;
pub mod serve;
pub mod start;
pub mod task_code;
