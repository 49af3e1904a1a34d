//! How many workers may die within a window of time.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// See the module.
pub struct Budget {
    most: u32,
    window: Duration,
    spent: VecDeque<Instant>,
}

impl Budget {
    pub fn new(most: u32, window: Duration) -> Self {
        Self {
            most,
            window,
            spent: VecDeque::new(),
        }
    }

    /// One more. False: there were too many.
    pub fn spend(&mut self, now: Instant) -> bool {
        while let Some(&first) = self.spent.front()
            && now.saturating_duration_since(first) > self.window
        {
            self.spent.pop_front();
        }
        self.spent.push_back(now);
        self.spent.len() <= self.most as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_outside_of_the_window_does_not_count() {
        let mut budget = Budget::new(2, Duration::from_secs(1));
        let start = Instant::now();
        assert!(budget.spend(start));
        assert!(budget.spend(start));
        assert!(!budget.spend(start), "the third within the window");
        assert!(budget.spend(start + Duration::from_secs(2)));
    }

    #[test]
    fn none_at_all() {
        assert!(!Budget::new(0, Duration::from_secs(1)).spend(Instant::now()));
    }
}
