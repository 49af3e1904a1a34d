use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Counts what was made and what was dropped. Plain counters outside of the model: they add no
/// synchronisation to what they count.
#[derive(Clone, Default, Debug)]
pub struct DropCount(Arc<Counters>);

#[derive(Default, Debug)]
struct Counters {
    made: AtomicUsize,
    dropped: AtomicUsize,
}

/// One value whose drop is counted.
#[derive(Debug)]
pub struct Counted(Arc<Counters>);

impl DropCount {
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A new value to be counted.
    #[must_use]
    pub fn value(&self) -> Counted {
        self.0.made.fetch_add(1, Ordering::Relaxed);
        Counted(Arc::clone(&self.0))
    }

    #[must_use]
    pub fn made(&self) -> usize {
        self.0.made.load(Ordering::Relaxed)
    }

    #[must_use]
    pub fn dropped(&self) -> usize {
        self.0.dropped.load(Ordering::Relaxed)
    }

    /// Every value made so far was dropped, and exactly once.
    #[track_caller]
    pub fn assert_all_dropped(&self) {
        assert_eq!(self.dropped(), self.made(), "dropped against made");
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        let before = self.0.dropped.fetch_add(1, Ordering::Relaxed);
        assert!(
            before < self.0.made.load(Ordering::Relaxed) || std::thread::panicking(),
            "a value was dropped twice"
        );
    }
}
