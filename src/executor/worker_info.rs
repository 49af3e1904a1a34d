//! What a worker is called, and where it runs.

use std::sync::Arc;

/// A worker's number, name and core. From [`current_worker`](crate::thread::current_worker), and passed to the start and
/// stop hooks of a pool.
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
    pub(crate) fn new(index: usize, pool: &str, core: Option<usize>) -> Self {
        Self::named(index, format!("{pool}-{index}"), core)
    }

    pub(crate) fn named(index: usize, name: impl Into<Arc<str>>, core: Option<usize>) -> Self {
        let name = name.into();
        Self { index, name, core }
    }

    /// The name of its pool.
    pub(crate) fn pool(&self) -> &str {
        self.name
            .rsplit_once('-')
            .map_or(&self.name, |(pool, _)| pool)
    }

    /// The name as the kernel keeps it (in `top -H`, `/proc`, `perf`): its first 15 bytes.
    ///
    /// ```
    /// let pool = raddle::ThreadPool::builder().workers(1).name("image-thumbnails").build()?;
    /// let worker = pool.spawn(|| raddle::thread::current_worker().unwrap()).result().unwrap();
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
