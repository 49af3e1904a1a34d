//! What a task or a hook may know of its worker.

use std::sync::Arc;

/// A worker's number, name and core. From [`current_worker`](crate::current_worker), and passed to the hooks of a pool.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct WorkerInfo {
    /// Its number: 0 to `workers - 1`.
    pub index: usize,
    /// Its name: the pool's name, a dash, the number.
    pub name: Arc<str>,
    /// The CPU core that it is pinned to, if any.
    pub core: Option<usize>,
}

impl WorkerInfo {
    pub(super) fn new(index: usize, pool: &str, core: Option<usize>) -> Self {
        Self {
            index,
            name: format!("{pool}-{index}").into(),
            core,
        }
    }

    /// The name as the kernel keeps it (in `top -H`, `/proc`, `perf`): its first 15 bytes.
    ///
    /// ```
    /// let pool = raddle::ThreadPool::builder().workers(1).name("image-thumbnails").build()?;
    /// let worker = pool.spawn(|| raddle::current_worker().unwrap()).result().unwrap();
    /// assert_eq!(&*worker.name, "image-thumbnails-0");
    /// assert_eq!(worker.thread_name(), "image-thumbnail");
    /// # Ok::<(), raddle::BuildError>(())
    /// ```
    pub fn thread_name(&self) -> &str {
        let mut end = self.name.len().min(15);
        while !self.name.is_char_boundary(end) {
            end -= 1;
        }
        &self.name[..end]
    }
}
