//! The worker's side: [`start`] makes a worker of a process, [`serve`] is its loop. [`task_code`] names code so that the
//! other side finds it in [`image`], the program; [`call`] runs one task for it.

pub mod call;
pub mod image;
pub mod serve;
pub mod start;
pub mod task_code;
